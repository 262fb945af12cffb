/** Small sealed packages, for the tests of everything that reads them. */
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEvidenceSigner } from '../../keys/evidence.ts';
import { openssl } from '../../keys/openssl.ts';
import { csvText, jsonText } from './files.ts';
import { shellBlockIn } from './instructions.ts';
import type { Leaf, LeafSource } from './leaves.ts';
import { CHUNK_LEAVES, leafHash } from './merkle.ts';
import type { PackageFacts, SealParts } from './seal.ts';
import { localAuthority } from './timestamp.ts';
import { buildTree, writeChunks } from './tree.ts';

export const run = openssl('openssl');

export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-package-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A check that waits for ever is a check that failed. */
const SHELL_MS = 30_000;

export const OCTOBER = { from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' };
const START = Date.parse(OCTOBER.from) * 1_000;

export const eventHashOf = (n: number) => hash('sha256', `record ${n}`);

/** Leaves in memory, `everyMicros` after one another. */
export function madeLeaves(count: number, everyMicros = 60_000_000): { leaves: Leaf[]; source: LeafSource } {
  const leaves = Array.from({ length: count }, (_, n): Leaf => {
    const interactionId = `i-${String(n).padStart(8, '0')}`;
    return { startedAt: START + n * everyMicros, interactionId, hash: leafHash(interactionId, eventHashOf(n)) };
  });
  const source: LeafSource = {
    async hours() {
      const hours = new Map<number, number>();
      for (const { startedAt } of leaves) {
        const hour = Math.floor(startedAt / 3_600_000_000) * 3_600_000_000;
        hours.set(hour, (hours.get(hour) ?? 0) + 1);
      }
      return [...hours].map(([startedAt, number]) => ({ startedAt, leaves: number, unproven: 0 }));
    },
    async page(from, to, after, limit) {
      const behind = (leaf: Leaf) =>
        after === undefined ||
        leaf.startedAt > after.startedAt ||
        (leaf.startedAt === after.startedAt && leaf.interactionId > after.interactionId);
      return leaves.filter((leaf) => leaf.startedAt >= from && leaf.startedAt < to && behind(leaf)).slice(0, limit);
    },
  };
  return { leaves, source };
}

/** The files of a package before it is sealed, and what its manifest will say. */
export async function draft(folder: string, { count = 100, period = '2026-10' } = {}): Promise<PackageFacts> {
  const tree = await buildTree(madeLeaves(count).source);
  const rows = Array.from({ length: 40 }, (_, n) => ({
    day: `2026-10-${String((n % 31) + 1).padStart(2, '0')}`,
    interactions: n * 7 + count,
  }));
  const columns = [{ name: 'day' }, { name: 'interactions' }];
  for (const name of ['evidence', 'merkle', 'reports']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'evidence/interactions.csv'), csvText(columns, rows));
  writeFileSync(join(folder, 'evidence/interactions.json'), jsonText({ collector: 'interactions', rowCount: rows.length }));
  writeFileSync(join(folder, 'assessment.json'), jsonText({ format: 'parapet-assessment/1', period }));
  writeFileSync(join(folder, 'reports/report.en.html'), '<!doctype html><title>report</title>');
  writeFileSync(join(folder, 'merkle/chunks.csv'), writeChunks(tree.chunks));
  return {
    id: `report/NIST-AI-RMF/acme/${period}`,
    org: 'acme',
    framework: { id: 'NIST-AI-RMF', version: '1.0', revision: 1 },
    period,
    window: OCTOBER,
    createdAt: new Date().toISOString(),
    generator: { name: 'parapet', version: '0.1.0' },
    author: 'ann',
    approvalsNeeded: 0,
    seed: hash('sha256', 'seed'),
    previous: null,
    addendumTo: null,
    late: null,
    interactions: { count: tree.leaves, unproven: 0, root: tree.root, chunkLeaves: CHUNK_LEAVES, positions: null },
  };
}

/** This machine's own authority, in a folder of the test. */
export async function ownAuthority(folder: string): Promise<SealParts> {
  return {
    signer: await openEvidenceSigner({ folder, org: 'acme', openssl: run }),
    timestamps: localAuthority({ folder, org: 'acme', openssl: run }),
  };
}

/** Runs the shell of VERIFY.md in the package, as an auditor would: true when it ends well. `environment` may have TRUST and TSA_TRUST. */
export function checkByShell(
  folder: string,
  verifyMd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ good: boolean; says: string }> {
  const block = shellBlockIn(verifyMd);
  if (block === undefined) throw new Error('VERIFY.md has no block of shell.');
  return new Promise((resolve) => {
    execFile(
      'bash',
      ['-c', block],
      { cwd: folder, env: { ...process.env, ...environment }, timeout: SHELL_MS },
      (error, stdout, stderr) => {
        resolve({ good: error === null && stdout.trimEnd().endsWith('the package is whole'), says: `${stdout}${stderr}` });
      },
    );
  });
}
