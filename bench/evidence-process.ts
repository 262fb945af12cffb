/**
 * A quarterly report as `parapet report` makes it, and proofs of single interactions from it, in a process of its own so that its
 * resident memory is theirs. Sends what it took.
 *
 * Arguments: framework, organisation, period, then interactions to prove.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openEvidence } from '../cli/evidence.ts';
import { proveInteraction } from '../cli/prove.ts';
import { openLake } from '../cli/stores.ts';
import { assemble } from '../compliance/assembly/index.ts';
import { verifyPackage } from '../compliance/package/verify.ts';
import { REPORT_FORMATS } from '../compliance/reports/index.ts';
import { readEnvironment } from '../core/environment.ts';
import { peakMb } from './processes.ts';

export interface EvidenceRun {
  seconds: number;
  rssMb: number;
  /** Since the process began to the last proof. */
  rssAllMb: number;
  /** Seconds by step. */
  steps: Record<string, number>;
  leaves: number;
  valid: boolean;
  proofs: { ms: number; bytes: number }[];
}

process.send?.({ url: '' });
const [framework, org, period, ...interactions] = process.argv.slice(2) as [string, string, string, ...string[]];
const env = readEnvironment();
const desk = await openEvidence(env, org);
const steps: Record<string, number> = {};
let step = 'plan';
let since = performance.now();
const began = since;
const next = (name: string) => {
  const now = performance.now();
  steps[step] = (now - since) / 1_000;
  [step, since] = [name, now];
};
const request = { framework, org, period, author: 'bench', languages: ['en'], formats: REPORT_FORMATS } as const;
const { workspace, sealed } = await assemble(desk.parts, request, next);
next('done');
const seconds = (since - began) / 1_000;
const rssMb = peakMb();

const lake = openLake(env);
const out = join(env.PARAPET_DATA, 'proof');
const proofs: EvidenceRun['proofs'] = [];
let leaves = 0;
for (const interaction of interactions) {
  const from = performance.now();
  const { proof } = await proveInteraction({ parts: desk.parts, lake, org }, interaction, { framework, package: sealed.manifest.id, out });
  proofs.push({ ms: performance.now() - from, bytes: statSync(join(out, 'proof.json')).size });
  leaves = proof.leaves;
}
const { valid } = await verifyPackage(workspace.package, { openssl: desk.parts.openssl });
await lake.close();
await desk.close();
const run: EvidenceRun = { seconds, rssMb, rssAllMb: peakMb(), steps, leaves, valid, proofs };
process.send?.(run);
process.disconnect();
