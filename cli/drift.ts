/**
 * Watches whether what detection sees is still what it saw before: assessed interactions of late beside those of the days before,
 * by risk, kind of threat, model asked, client's format and length. Reads a sample of the log, evenly spread, so that it costs
 * the same however much there is.
 */
import { toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Metrics } from '../core/metrics.ts';
import { NOTABLE_DRIFT, riskBin, sizeBin, stabilityIndex } from '../detection/drift.ts';
import type { EventLog, PartitionRange } from '../log/port.ts';
import { rangesIfThere } from '../log/ranges.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { UnsealedAssessedInteraction } from '../schemas/unsealed.ts';

export interface DriftOptions {
  /** Milliseconds since 1970. */
  now: number;
  /** How long ago "of late" begins, and how long before that "before". */
  recentHours: number;
  beforeHours: number;
}

export interface Drift {
  recent: number;
  before: number;
  measures: { measure: string; index: number | null; notable: boolean }[];
}

export interface DriftParts {
  log: Pick<EventLog, 'ranges' | 'read'>;
  codec: Codec;
}

const HOUR_MS = 3_600_000;
const MOST_ROWS = 20_000;
const PIECE = 100;
const READ = { maxRecords: PIECE, maxBytes: 4 * 1024 * 1024 };

const MEASURES: Record<string, (value: UnsealedAssessedInteraction) => string> = {
  risk: ({ assessment }) => riskBin(assessment.riskScore),
  threat_type: ({ assessment }) => assessment.topThreatType ?? 'none',
  model: ({ interaction }) => interaction.modelAsked,
  wire_format: ({ interaction }) => interaction.wireFormat,
  input_tokens: ({ enrichment }) => sizeBin(enrichment.usage.inputTokens),
};

/** Throws PARAPET_LOG_UNAVAILABLE. */
export async function measureDrift(parts: DriftParts, { now, recentHours, beforeHours }: DriftOptions): Promise<Drift> {
  const middle = now - recentHours * HOUR_MS;
  const recent = await sample(parts, middle, now);
  const before = await sample(parts, middle - beforeHours * HOUR_MS, middle);
  const measures = Object.entries(MEASURES).map(([measure, binOf]) => {
    const index = stabilityIndex(counted(before, binOf), counted(recent, binOf));
    return { measure, index, notable: index !== null && index > NOTABLE_DRIFT };
  });
  return { recent: recent.length, before: before.length, measures };
}

type Row = UnsealedAssessedInteraction;

function counted(rows: readonly Row[], binOf: (row: Row) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(binOf(row), (counts.get(binOf(row)) ?? 0) + 1);
  return counts;
}

async function sample({ log, codec }: DriftParts, from: number, to: number): Promise<Row[]> {
  const topic = TOPICS.assessed.name;
  const spans: PartitionRange[] = [];
  for (const range of await rangesIfThere(log, topic)) {
    const [start, end] = [await firstSince(log, topic, range, from), await firstSince(log, topic, range, to)];
    if (end > start) spans.push({ ...range, start, end });
  }
  const all = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  // Pieces side by side when all of it fits, with even gaps when it does not.
  const stride = Math.max(PIECE, Math.ceil((all / MOST_ROWS) * PIECE));
  const rows: Row[] = [];
  for (const { partition, start, end } of spans) {
    for (let offset = start; offset < end; offset += stride) {
      const records = await log.read({ topic, partition, offset }, { ...READ, maxRecords: Math.min(PIECE, end - offset) });
      const within = records.filter((record) => record.offset < end);
      await codec.prepare(
        'assessed',
        within.map(({ value }) => value),
      );
      for (const { value } of within) rows.push(codec.decodeUnsealed('assessed', value));
    }
  }
  return rows;
}

/** The first offset of the partition whose record is of `time` or later; records come nearly in the order of their times. */
async function firstSince(log: DriftParts['log'], topic: string, { partition, start, end }: PartitionRange, time: number): Promise<number> {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [record] = await log.read({ topic, partition, offset: middle }, { maxRecords: 1, maxBytes: 1024 * 1024 });
    if (record !== undefined && record.timestamp < time) low = Math.min(high, record.offset + 1);
    else high = middle;
  }
  return low;
}

export interface WatchParts extends DriftParts {
  logger: Logger;
  metrics: Metrics;
  audit(action: string, details: Record<string, string>): Promise<unknown>;
}

const EVERY_MS = HOUR_MS;
const NOTED_MS = 24 * HOUR_MS;
const WATCHED = { recentHours: 24, beforeHours: 7 * 24 };

/** Looks now and every hour; says it once when a measure becomes notable, and once a day that it has looked. */
export function watchDrift({ logger, metrics, audit, ...parts }: WatchParts, now: () => number = Date.now): { close(): Promise<void> } {
  const gauge = metrics.gauge(
    'parapet_detection_drift',
    'Population stability index of the last day against the week before, by measure; above 0.25 somebody should look.',
    ['measure'],
  );
  const said = new Set<string>();
  let noted = Number.NEGATIVE_INFINITY;
  let running = Promise.resolve();

  async function look(): Promise<void> {
    const { recent, before, measures } = await measureDrift(parts, { now: now(), ...WATCHED });
    for (const { measure, index, notable } of measures) {
      if (index !== null) gauge.set({ measure }, index);
      if (!notable) said.delete(measure);
      if (!notable || said.has(measure)) continue;
      said.add(measure);
      logger.warn({ measure, index }, 'what detection sees has changed: its figures may no longer hold');
      await audit('detection.drifted', { measure, index: (index ?? 0).toFixed(3) });
    }
    if (now() - noted < NOTED_MS) return;
    noted = now();
    const notable = measures.filter((each) => each.notable).length;
    await audit('detection.watched', { recent: String(recent), before: String(before), notable: String(notable) });
  }

  const run = () => {
    running = running.then(look).catch((error: unknown) => {
      logger.warn({ code: toParapetError(error).code }, 'drift could not be measured');
    });
  };
  run();
  const timer = setInterval(run, EVERY_MS).unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}

export function renderDrift({ recent, before, measures }: Drift): string[] {
  return [
    `${recent} assessed interactions of late, ${before} before`,
    ...measures.map(({ measure, index, notable }) => {
      const says =
        index === null ? 'too few to say' : `${index.toFixed(3)}${notable ? '  changed: detection was not measured on this' : ''}`;
      return `${measure.padEnd(14)} ${says}`;
    }),
  ];
}
