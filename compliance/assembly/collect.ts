/**
 * The steps that gather: evidence, collector by collector, and the tree of the window's interactions. What a collector throws for good
 * becomes a gap with its words: a report that says what it could not see is worth more than none.
 */
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeWhole } from '../../core/durable.ts';
import { ParapetError, toParapetError } from '../../core/errors.ts';
import { sealText } from '../../keys/seal-text.ts';
import type { EvidenceCollector } from '../collectors/context.ts';
import { COLLECTORS } from '../collectors/index.ts';
import { reason, words } from '../localized.ts';
import { csvText, jsonText, readCsv } from '../package/files.ts';
import { CHUNKS } from '../package/manifest.ts';
import { CHUNK_LEAVES } from '../package/merkle.ts';
import { buildTree, writeChunks } from '../package/tree.ts';
import type { Cell, Collected, CollectedRow, Evidence, Row } from '../types.ts';
import type { AssemblyParts } from './parts.ts';
import type { Plan } from './plan.ts';
import type { Workspace } from './workspace.ts';

const ATTEMPTS = 3;
const BACKOFF_MS = 1_000;
/** One collector may keep a report waiting so long. */
const LONGEST_MS = 240_000;

export interface CollectOptions {
  backoffMs?: number;
  longestMs?: number;
}

/** Does nothing when this collector's evidence is there already. */
export async function collect(
  parts: AssemblyParts,
  { workspace, plan }: { workspace: Workspace; plan: Plan },
  id: string,
  options: CollectOptions = {},
): Promise<void> {
  const folder = join(workspace.package, 'evidence');
  // The file about the rows is written after them.
  if (existsSync(join(folder, `${id}.json`))) return;
  const collector = collectorOf(id);
  const collected = await attemptCollect(parts, plan, collector, options);
  const rows = 'rows' in collected ? collected.rows.map((row) => storable(parts, plan, id, row)) : [];
  const text = csvText(collector.columns, rows);
  const collectedAt = parts.now();
  const about: Omit<Evidence, 'rows'> = {
    collector: id,
    version: collector.version,
    title: collector.title,
    source: collector.source,
    identity: `parapet/${parts.version}`,
    query: collected.query,
    parameters: collected.parameters,
    window: plan.window,
    collectedAt: collectedAt.toISOString(),
    expiresAt: new Date(collectedAt.getTime() + collector.validDays * 86_400_000).toISOString(),
    columns: collector.columns,
    rowCount: rows.length,
    sha256: hash('sha256', text),
    gap: 'gap' in collected ? collected.gap : null,
  };
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, `${id}.csv`), text);
  await writeWhole(join(folder, `${id}.json`), jsonText(about));
}

/** All evidence of a package, in the order of the plan. Throws PARAPET_PACKAGE_INVALID when rows are not those that were collected. */
export async function readEvidence(folder: string, collectors: readonly string[]): Promise<Evidence[]> {
  return Promise.all(
    collectors.map(async (id) => {
      const about = JSON.parse(await readFile(join(folder, 'evidence', `${id}.json`), 'utf8')) as Omit<Evidence, 'rows'>;
      const text = await readFile(join(folder, 'evidence', `${id}.csv`), 'utf8');
      if (hash('sha256', text) !== about.sha256) {
        throw new ParapetError('PARAPET_PACKAGE_INVALID', { message: `The rows of ${id} are not those that were collected.` });
      }
      return { ...about, rows: readCsv(text, about.columns, `evidence/${id}.csv`) };
    }),
  );
}

/** Counts every interaction of the window and makes their tree. Does nothing when it is there. */
export async function makeTree(parts: AssemblyParts, { workspace, plan }: { workspace: Workspace; plan: Plan }): Promise<void> {
  if (workspace.has('tree')) return;
  const positions = plan.positions ?? undefined;
  const tree = await buildTree(parts.leaves({ org: plan.org, window: plan.window, positions }));
  const path = join(workspace.package, CHUNKS);
  await mkdir(join(workspace.package, 'merkle'), { recursive: true });
  await writeWhole(path, writeChunks(tree.chunks));
  await workspace.write('tree', {
    count: tree.leaves + tree.unproven,
    unproven: tree.unproven,
    root: tree.root,
    chunkLeaves: CHUNK_LEAVES,
    positions: plan.positions === null ? null : [...plan.positions],
  });
}

function collectorOf(id: string): EvidenceCollector {
  const collector = COLLECTORS.find((each) => each.id === id);
  if (collector === undefined) throw new ParapetError('PARAPET_FRAMEWORK_INVALID', { message: `There is no collector ${id}.` });
  return collector;
}

/** Where the cells of personal columns are sealed to. */
export const placeOf = (packageId: string, collector: string, column: string) => `${packageId}/${collector}/${column}`;

function storable({ sources }: AssemblyParts, plan: Plan, collector: string, row: CollectedRow): Row {
  const cells = Object.entries(row).map(([name, cell]): [string, Cell] => {
    if (cell === null || typeof cell !== 'object') return [name, cell];
    return [name, sealText(sources.keys, cell.subject, placeOf(plan.id, collector, name), cell.text)];
  });
  return Object.fromEntries(cells);
}

async function attemptCollect(parts: AssemblyParts, plan: Plan, collector: EvidenceCollector, options: CollectOptions): Promise<Collected> {
  const { backoffMs = BACKOFF_MS, longestMs = LONGEST_MS } = options;
  const { org, window, seed } = plan;
  const context = { ...parts.sources, org, window, seed, query: parts.query({ org, window }) };
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(longestMs, collector.collect({ ...context, now: parts.now().toISOString() }));
    } catch (error) {
      if (attempt < ATTEMPTS) {
        await sleep(backoffMs * attempt);
        continue;
      }
      const { code, message } = toParapetError(error);
      return {
        query: '',
        parameters: {},
        gap: reason(UNREADABLE, { code, message }),
      };
    }
  }
}

const UNREADABLE = words(
  'The evidence could not be collected: {code}, {message}',
  'Der Nachweis konnte nicht erhoben werden: {code}, {message}',
  'La preuve n’a pas pu être recueillie : {code}, {message}',
  'No se pudo recopilar la evidencia: {code}, {message}',
);

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(
    () => {
      throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: `There was no answer within ${Math.round(ms / 1_000)} s.` });
    },
    // It was in time.
    () => work,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
