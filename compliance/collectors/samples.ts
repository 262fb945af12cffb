/**
 * A sample of interactions that anybody can draw again: those with the smallest SHA-256 of seed and id. Its size goes by the
 * population: all of fewer than 5; 5 of up to 50; a tenth of up to 250; 25 of more.
 */
import { TOPICS } from '../../log/topics.ts';
import { words } from '../localized.ts';
import type { CollectedRow } from '../types.ts';
import { columns } from './columns.ts';
import type { CollectContext, EvidenceCollector } from './context.ts';
import { gap, iso, NO_TRAFFIC, PAST_DAYS, rowOf, standing, within } from './sql.ts';

const SHAPE = columns(
  'interaction_id',
  'occurred_at',
  'gateway',
  'agent',
  'status',
  'inspect_mode',
  'event_hash',
  'threats_said',
  'threats_stored',
  'in_log',
);

const COUNT = `SELECT toInt64(count()) AS population FROM interactions WHERE ${within('started_at')}`;

const DRAW = `WITH drawn AS (
  SELECT interaction_id, started_at, gateway_id, agent_id, status, inspect_mode, event_hash, threats_detected, _partition, _offset
  FROM interactions
  WHERE ${within('started_at')}
  ORDER BY SHA256(concat({seed:String}, interaction_id)), interaction_id
  LIMIT {size:UInt32}
)
SELECT d.interaction_id AS interaction_id, ${iso('d.started_at')} AS occurred_at, gateway_id AS gateway, agent_id AS agent, status, inspect_mode,
  event_hash, threats_detected AS threats_said, toInt64(t.stored) AS threats_stored, _partition AS log_partition, _offset AS log_offset
FROM drawn AS d LEFT JOIN (
  SELECT interaction_id, count() AS stored FROM threats WHERE org = {org:String} AND interaction_id IN (SELECT interaction_id FROM drawn) GROUP BY interaction_id
) AS t ON d.interaction_id = t.interaction_id
ORDER BY SHA256(concat({seed:String}, interaction_id)), interaction_id`;

export function sampleSize(population: number): number {
  if (population < 5) return population;
  if (population <= 50) return 5;
  return population <= 250 ? Math.ceil(population / 10) : 25;
}

export const samples: EvidenceCollector = {
  id: 'samples',
  version: 1,
  title: words('Sample of interactions', 'Stichprobe von Interaktionen', 'Échantillon d’interactions', 'Muestra de interacciones'),
  source: 'clickhouse',
  columns: SHAPE,
  validDays: PAST_DAYS,
  async collect(context) {
    const [counted] = await context.query(COUNT);
    const population = Number(counted?.['population'] ?? 0);
    if (population === 0) return gap(context, COUNT, NO_TRAFFIC);
    const drawn = { seed: context.seed, size: sampleSize(population) };
    const rows: CollectedRow[] = [];
    for (const { log_partition, log_offset, ...row } of await context.query(DRAW, drawn)) {
      const inLog = await isInLog(context, String(row['interaction_id']), Number(log_partition), Number(log_offset));
      rows.push(rowOf(SHAPE, { ...row, in_log: inLog }));
    }
    return { query: DRAW, parameters: { ...standing(context), ...drawn, population }, rows };
  },
};

/** `forgotten` where the log has let go of it by its retention. */
async function isInLog({ log, codec }: CollectContext, id: string, partition: number, offset: number): Promise<'yes' | 'no' | 'forgotten'> {
  const topic = TOPICS.assessed.name;
  const range = (await log.ranges(topic)).find((each) => each.partition === partition);
  if (range === undefined || offset >= range.end) return 'no';
  if (offset < range.start) return 'forgotten';
  const [record] = await log.read({ topic, partition, offset }, { maxRecords: 1, maxBytes: 16 * 1024 * 1024 });
  if (record === undefined) return 'no';
  await codec.prepare('assessed', [record.value]);
  return codec.decodeUnsealed('assessed', record.value).interaction.interactionId === id ? 'yes' : 'no';
}
