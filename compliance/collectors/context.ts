/** What a run gives to its collectors: ports to everything that evidence is read from, and nothing that could change it. */
import type { Environment } from '../../core/environment.ts';
import type { KeyStore } from '../../keys/port.ts';
import type { EventLog } from '../../log/port.ts';
import type { Codec } from '../../schemas/codec.ts';
import type { Attestation, BookTotals, Cell, Collector, ComplianceSettings, Window } from '../types.ts';

export interface CollectContext {
  org: string;
  window: Window;
  /** When the evidence is collected, ISO 8601. */
  now: string;
  env: Environment;
  settings: ComplianceSettings;
  /** Hex; samples are drawn with it. */
  seed: string;
  /**
   * Asks ClickHouse, whose tables `sinks/clickhouse/README.md` names. Parameters stand in the query as `{name:Type}`; `org`, `from`
   * and `to` (DateTime64(6, 'UTC')) are always there. Whole numbers come as numbers, times as ISO 8601.
   * Throws PARAPET_STORE_UNAVAILABLE.
   */
  query(sql: string, parameters?: Readonly<Record<string, Cell>>): Promise<Record<string, Cell>[]>;
  log: EventLog;
  codec: Codec;
  keys: KeyStore;
  /** The four books by hour and status; undefined where this process cannot read them. */
  books(): Promise<{ totals: BookTotals; hours: BookHour[] } | undefined>;
  attestations(): Promise<Attestation[]>;
  /** Processors and sinks, any of which may have set records aside. */
  consumers: readonly string[];
  /** What every store was told to keep, and what it holds. */
  retention(): Promise<readonly StoreHoldings[]>;
  /** What this machine's file of API keys says, without their hashes; undefined where it has none. */
  apiKeys(): readonly ApiKeyFacts[] | undefined;
}

export interface StoreHoldings {
  store: string;
  holdings: readonly { what: string; class: string; wanted: string; configured: string; oldestMs?: number | undefined; verdict: string }[];
  note?: string | undefined;
  error?: { code: string } | undefined;
}

export interface ApiKeyFacts {
  keyId: string;
  org: string;
  agentId: string;
  mayNameAgent: boolean;
  /** ISO 8601; null where the file does not say. */
  createdAt: string | null;
}

export interface BookHour {
  hour: string;
  status: string;
  accepted: number;
  events: number;
  rows: number;
  lake: number;
}

export type EvidenceCollector = Collector<CollectContext>;
