/**
 * The tamper drill: a real package (all formats, two languages, an approval), then random changes, each to a fresh copy. Each must be
 * found by `parapet verify` and by the shell of a trusted VERIFY.md, both with the root that the auditor has. Prints every change
 * that was not found with its seed, and ends with 1 then; `--changes 1 --seed SEED` makes it again, on a package made anew.
 *
 * Options: --changes 1000  --seed S  --json
 */
import { readFileSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { approveReport, assemble, publishReport } from '../compliance/assembly/index.ts';
import { type Desk, openDesk } from '../compliance/assembly/testing.ts';
import { assessedOf, openGround } from '../compliance/collectors/testing.ts';
import { CHANGES, copyOf } from '../compliance/package/tampering.ts';
import { checkByShell } from '../compliance/package/testing.ts';
import { verifyPackage } from '../compliance/package/verify.ts';
import { REPORT_FORMATS } from '../compliance/reports/index.ts';
import { mulberry32 } from '../core/dice.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { option, report, versions } from './report.ts';

const changes = option('changes', 1_000);
const seed = option('seed', Math.floor(Math.random() * 2 ** 31));
const SIDE_BY_SIDE = 2;
const INTERACTIONS = 3_000;
const PERIODS = ['2026-08', '2026-09'] as const;
const MINUTE_MICROS = 60_000_000;
const KINDS = Object.entries(CHANGES);

interface Undetected {
  seed: number;
  by: string;
  change: string;
}

const made = await makePackages();
try {
  const began = performance.now();
  const undetected: Undetected[] = [];
  const kinds: Record<string, number> = {};
  let next = 0;
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async (_, side) => {
      for (let n = next++; n < changes; n = next++) {
        const { kind, change, missedBy } = await drill(seed + n, join(made.folder, `copy-${side}`));
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        for (const by of missedBy) undetected.push({ seed: seed + n, by, change });
      }
    }),
  );
  for (const { seed: which, by, change } of undetected) console.log(`NOT detected by ${by}, --seed ${which}: ${change}`);
  const missed = (by: string) => undetected.filter((each) => each.by === by).length;
  const seconds = (performance.now() - began) / 1_000;
  const figures = { changes, detected_cli: changes - missed('cli'), detected_shell: changes - missed('shell'), seconds };
  report('tamper', { ...figures, files: made.files, load: loadavg()[0] as number }, versions(), { seed, kinds, undetected });
  process.exitCode = undetected.length > 0 ? 1 : 0;
} finally {
  rmSync(made.folder, { recursive: true, force: true });
}

/** One change, drawn with its own seed. */
async function drill(own: number, folder: string): Promise<{ kind: string; change: string; missedBy: string[] }> {
  const dice = mulberry32(own);
  rmSync(folder, { recursive: true, force: true });
  const paths = await copyOf(made.original, folder);
  for (;;) {
    // Half of all changes are flipped bytes, as often of a small file as of a large one; the others share what is left.
    const [kind, change] = KINDS[dice() < 0.5 ? Math.floor(dice() * 2) : Math.floor(dice() * KINDS.length)] as (typeof KINDS)[0];
    const says = change({ folder, original: made.original, other: made.other, paths, dice });
    if (says === undefined) continue;
    const { valid } = await verifyPackage(folder, { openssl: made.openssl, trustFile: made.root, timestampTrustFile: made.root });
    const { good } = await checkByShell(folder, made.verifyMd, { TRUST: made.root, TSA_TRUST: made.root });
    return { kind, change: says, missedBy: [...(valid ? ['cli'] : []), ...(good ? ['shell'] : [])] };
  }
}

/** Two packages of one organisation and framework, approved and published; both must be found whole before anything is changed. */
async function makePackages() {
  const ground = await openGround();
  const first = Date.parse(`${PERIODS[0]}-01T00:00:00.000Z`) * 1_000;
  const at = (n: number) => first + n * 28 * MINUTE_MICROS;
  const fixtures = createFixtures();
  const few = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));
  await ground.write(
    'assessed',
    few(INTERACTIONS, (n) => assessedOf(fixtures, n, { startedAt: at(n), endedAt: at(n) + 1_000_000 })),
  );
  const spread = { org: 'acme', agentId: 'bot' };
  await ground.write(
    'threats',
    few(300, (n) => ({ ...fixtures.threat(n), ...spread, occurredAt: at(n * 10) })),
  );
  await ground.write(
    'audit',
    few(200, (n) => ({ ...fixtures.audit(n), org: 'acme', occurredAt: at(n * 15) })),
  );
  await ground.write(
    'verdicts',
    few(100, (n) => ({ ...fixtures.verdict(n), org: 'acme', occurredAt: at(n * 30) })),
  );
  await ground.write(
    'incidents',
    few(30, (n) => ({ ...fixtures.incident(n), ...spread, firstSeenAt: at(n * 100), lastSeenAt: at(n * 100) })),
  );
  const desk: Desk = openDesk(ground);
  const { sources, openssl } = desk.parts;
  desk.parts.sources = { ...sources, settings: { ...sources.settings, approvers: [{ name: 'bob', roles: ['compliance_officer'] }] } };
  const folders: string[] = [];
  for (const period of PERIODS) {
    const request = {
      framework: 'NIST-AI-RMF',
      org: 'acme',
      period,
      author: 'ann',
      languages: ['en', 'de'],
      formats: REPORT_FORMATS,
    } as const;
    const { workspace, plan } = await assemble(desk.parts, request);
    await approveReport(desk.parts, plan.id, { by: 'bob', comment: 'seen' });
    await publishReport(desk.parts, plan.id);
    folders.push(workspace.package);
  }
  await ground.close();
  const [other, original] = folders as [string, string];
  const root = join(desk.folder, 'authority/root.pem');
  const verifyMd = readFileSync(join(original, 'VERIFY.md'), 'utf8');
  const { valid, errors, files } = await verifyPackage(original, { openssl, trustFile: root, timestampTrustFile: root });
  const { good, says } = await checkByShell(original, verifyMd, { TRUST: root, TSA_TRUST: root });
  if (!valid || !good) throw new Error(`The package itself is not whole: ${errors.join('; ')} ${says}`);
  return { folder: desk.folder, original, other, root, verifyMd, openssl, files };
}
