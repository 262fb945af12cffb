/** What the retention commands print: a line for each thing, its trouble below it. */
import type { Holding } from '../sinks/retention.ts';
import type { StoreMigrated } from './migrate.ts';
import type { Failure, StoreApplied, StoreReport } from './retention.ts';

export function renderReport(stores: readonly StoreReport[]): string[] {
  return stores.flatMap(({ store, holdings, note, error }) => {
    if (error !== undefined) return failure(store, error);
    if (holdings.length === 0) return [`✓ ${store.padEnd(14)} ${note ?? 'holds nothing yet'}`];
    return holdings.flatMap((holding) => [line(store, holding), ...(holding.says === undefined ? [] : [arrow(holding.says)])]);
  });
}

export function renderApplied(stores: readonly StoreApplied[]): string[] {
  return stores.flatMap(({ store, applied, note, error }) => {
    if (error !== undefined) return failure(store, error);
    if (applied.length === 0) return [`✓ ${store.padEnd(14)} ${note ?? 'nothing to do'}`];
    return applied.map(({ what, did, removed }) => `✓ ${store.padEnd(14)} ${what}: ${did}${removed > 0 ? ` (${removed})` : ''}`);
  });
}

export function renderMigrated(stores: readonly StoreMigrated[]): string[] {
  return stores.flatMap(({ store, did, error }) => [
    ...(error === undefined && did.length === 0 ? [`✓ ${store.padEnd(14)} as it should be`] : []),
    ...did.map((each) => `✓ ${store.padEnd(14)} ${each}`),
    ...(error === undefined ? [] : failure(store, error)),
  ]);
}

const SIGNS = { ok: '✓', overdue: '✗', differs: '✗' } as const;

function line(store: string, { what, wanted, configured, oldestMs, newestMs, rows, bytes, verdict }: Holding): string {
  const kept = configured === wanted ? configured : `${configured} (the table says ${wanted})`;
  const held =
    oldestMs === undefined
      ? ['nothing']
      : [
          `${day(oldestMs)} to ${newestMs === undefined ? 'now' : day(newestMs)}`,
          ...(rows === undefined ? [] : [`${rows} events`]),
          ...(bytes === undefined ? [] : [`${(bytes / 2 ** 20).toFixed(1)} MiB`]),
        ];
  return `${SIGNS[verdict]} ${store.padEnd(14)} ${what.padEnd(36)} ${verdict.padEnd(8)} ${kept}; holds ${held.join(', ')}`;
}

function failure(store: string, { code, message, hint }: Failure): string[] {
  return [`✗ ${store.padEnd(14)} ${code}: ${message}`, arrow(hint)];
}

const arrow = (text: string) => `  ${' '.repeat(14)} → ${text}`;
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
