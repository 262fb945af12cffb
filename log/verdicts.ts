/**
 * What analysts say of threats: the verdicts that hold now. The topic `verdicts` keeps every word; of each threat, and of each
 * interaction in which an attack was missed, the newest counts, and one that was withdrawn counts as never said.
 */
import type { Codec } from '../schemas/codec.ts';
import type { AnalystVerdict } from '../schemas/types.ts';
import type { EventLog } from './port.ts';
import { rangesIfThere } from './ranges.ts';
import { TOPICS } from './topics.ts';

const READ = { maxRecords: 1_000, maxBytes: 8 * 1024 * 1024 };

/**
 * One for each threat or missed interaction, in the order in which they were said. In memory is one record for each of these,
 * withdrawn ones too until the end: a few hundred bytes, as people write them one by one.
 */
export async function readVerdicts(log: Pick<EventLog, 'ranges' | 'read'>, codec: Codec): Promise<AnalystVerdict[]> {
  const topic = TOPICS.verdicts.name;
  const newest = new Map<string, AnalystVerdict>();
  for (const { partition, start, end } of await rangesIfThere(log, topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, READ);
      const last = records.at(-1);
      if (last === undefined) break;
      await codec.prepare(
        'verdicts',
        records.map(({ value }) => value),
      );
      for (const { value } of records) {
        const verdict = codec.decode('verdicts', value);
        const before = newest.get(meantBy(verdict));
        if (before === undefined || isNewer(verdict, before)) newest.set(meantBy(verdict), verdict);
      }
      offset = last.offset + 1;
    }
  }
  const holding = [...newest.values()].filter(({ verdict }) => verdict !== 'withdrawn');
  return holding.sort((a, b) => (isNewer(a, b) ? 1 : -1));
}

/** What a verdict is on; two on the same thing have the same name. */
export function meantBy({ threatId, interactionId }: Pick<AnalystVerdict, 'threatId' | 'interactionId'>): string {
  return threatId === null ? `interaction/${interactionId}` : `threat/${threatId}`;
}

/** When what a verdict is on happened, in microseconds since 1970. */
export function momentOf({ threatAt, occurredAt }: Pick<AnalystVerdict, 'threatAt' | 'occurredAt'>): number {
  return threatAt ?? occurredAt;
}

/** Of two that were said in the same microsecond the one with the later id holds, whoever reads them in whatever order. */
function isNewer(a: AnalystVerdict, b: AnalystVerdict): boolean {
  return a.occurredAt === b.occurredAt ? a.verdictId >= b.verdictId : a.occurredAt > b.occurredAt;
}
