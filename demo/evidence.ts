/** The end of the demo: a report over what was just done, checked by Parapet and by openssl and sha256sum alone, and one interaction proven. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openEvidence, trustOf } from '../cli/evidence.ts';
import { proveInteraction } from '../cli/prove.ts';
import { renderReported, report } from '../cli/report.ts';
import { openLake } from '../cli/stores.ts';
import { shellBlockIn } from '../compliance/package/instructions.ts';
import { climb } from '../compliance/package/merkle.ts';
import { verifyPackage } from '../compliance/package/verify.ts';
import type { Environment } from '../core/environment.ts';
import { openssl } from '../keys/openssl.ts';

export interface DemonstratedEvidence {
  /** By Parapet and by the shell alike, and the proof leads to the package's root. */
  holds: boolean;
  interactions: number;
}

const FRAMEWORK = 'NIST-AI-RMF';

/** Undefined where there is no openssl, which evidence is timestamped with: the rest of the demo holds without. */
export async function demonstrateEvidence(
  env: Environment,
  interactionId: string,
  say: (text: string) => void,
): Promise<DemonstratedEvidence | undefined> {
  const run = openssl(env.PARAPET_OPENSSL);
  const there = await run('version').catch(() => undefined);
  if (there === undefined) {
    say(`\nNo report of evidence: there is no openssl here, which seals and timestamps it.`);
    return undefined;
  }
  const org = env.PARAPET_ORG;
  const desk = await openEvidence(env, org);
  const lake = openLake(env);
  try {
    const request = {
      framework: FRAMEWORK,
      org,
      author: 'demo',
      languages: ['en'] as const,
      formats: ['pdf', 'xlsx', 'html', 'csv', 'oscal-results'] as const,
    };
    const period = new Date().toISOString().slice(0, 7);
    const made = await report(desk.parts, { ...request, period, soFar: true }, () => undefined);
    say(`\nA report of evidence on all of this (${FRAMEWORK}):\n  ${renderReported(made).join('\n  ')}`);

    const { valid, errors, files } = await verifyPackage(made.folder, { ...trustOf(env), openssl: run });
    const block = shellBlockIn(await readFile(join(made.folder, 'VERIFY.md'), 'utf8')) ?? 'false';
    const byShell = await promisify(execFile)('bash', ['-c', block], { cwd: made.folder }).then(
      () => true,
      () => false,
    );
    const { proof, record } = await proveInteraction({ parts: desk.parts, lake, org }, interactionId, {
      framework: FRAMEWORK,
      package: made.id,
      out: join(env.PARAPET_DATA, 'proof'),
    });
    const proven = climb(proof.leaf, proof.steps) === proof.root && record;
    say(
      `Checked: parapet verify says ${valid ? 'whole' : `NOT whole (${errors.join('; ')})`} (${files} files); openssl and sha256sum alone say ${byShell ? 'the same' : 'NOT whole'}.`,
    );
    say(`Proven alone: ${interactionId}, number ${proof.index + 1} of ${proof.leaves}, by ${proof.steps.length} hashes.`);
    return { holds: valid && byShell && proven && made.unproven === 0, interactions: made.interactions };
  } finally {
    await lake.close();
    await desk.close();
  }
}
