/** Evidence for tests: rows as a collector would have given them, collected at `NOW` unless told otherwise. */
import { words } from './localized.ts';
import type { Evidence, Row } from './types.ts';

export const WINDOW = { from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' };
export const NOW = '2026-11-02T00:00:00.000Z';

export function evidenceOf(collector: string, rows: readonly Row[], over: Partial<Evidence> = {}): Evidence {
  return {
    collector,
    version: 1,
    title: words(collector, collector, collector, collector),
    source: 'clickhouse',
    identity: 'parapet/test',
    query: 'SELECT 1',
    parameters: {},
    window: WINDOW,
    collectedAt: NOW,
    expiresAt: '2027-01-01T00:00:00.000Z',
    columns: [],
    rows,
    rowCount: rows.length,
    sha256: 'ab'.repeat(32),
    gap: null,
    ...over,
  };
}
