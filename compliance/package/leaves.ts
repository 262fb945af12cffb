/**
 * The leaves of a package's tree, asked of ClickHouse: every interaction of an organisation and a window, in the order of time
 * and id. The subtle point: a package proves what stood in the view when it was made, and must prove the same later. So the
 * leaves are those below the positions that the view's sink had committed then; what comes late is beyond them.
 */
import type { ClickHouse } from '../../sinks/clickhouse/index.ts';
import { attempt } from '../../sinks/clickhouse/index.ts';
import type { Window } from '../types.ts';

export interface Leaf {
  /** Microseconds since 1970. */
  startedAt: number;
  interactionId: string;
  /** `leafHash` of the interaction, hex. */
  hash: string;
}

/** Where the sink of interactions stood, by partition of the topic `assessed`: everything below `end` is in the view. */
export type Positions = readonly { partition: number; end: number }[];

export interface LeafRange {
  org: string;
  window: Window;
  /** All of the view without. */
  positions?: Positions | undefined;
}

export interface LeafSource {
  /** Interactions by hour, oldest first, and how many of them have no hash of their record. */
  hours(): Promise<{ startedAt: number; leaves: number; unproven: number }[]>;
  /** In order: those from `from` to before `to` (microseconds) and behind `after`, at most `limit`. */
  page(from: number, to: number, after: Pick<Leaf, 'startedAt' | 'interactionId'> | undefined, limit: number): Promise<Leaf[]>;
}

const HOUR_MICROS = 3_600_000_000;

/** Throws PARAPET_STORE_UNAVAILABLE. */
export function leavesOf({ client, database }: Pick<ClickHouse, 'client' | 'database'>, range: LeafRange): LeafSource {
  const [from, to] = [microsOf(range.window.from), microsOf(range.window.to)];
  const where = `org = {org:String} AND started_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Micro({to:Int64}, 'UTC')${below(range.positions)}`;
  return {
    async hours() {
      const answer = await attempt('count interactions by hour', () =>
        client.query({
          query: `SELECT toUnixTimestamp(toStartOfHour(started_at)) AS hour, countIf(event_hash != '') AS leaves, countIf(event_hash = '') AS unproven
            FROM ${database}.interactions WHERE ${where} GROUP BY hour ORDER BY hour`,
          query_params: { org: range.org, from, to },
          format: 'JSONEachRow',
        }),
      );
      const rows = await answer.json<{ hour: number; leaves: string; unproven: string }>();
      return rows.map(({ hour, leaves, unproven }) => ({
        startedAt: hour * 1_000_000,
        leaves: Number(leaves),
        unproven: Number(unproven),
      }));
    },

    async page(pageFrom, pageTo, after, limit) {
      const behind =
        after === undefined ? '' : ` AND (started_at, interaction_id) > (fromUnixTimestamp64Micro({at:Int64}, 'UTC'), {id:String})`;
      return attempt('read interactions for their proof', async () => {
        const { stream } = await client.exec({
          query: `SELECT toUnixTimestamp64Micro(started_at), interaction_id, SHA256(concat('parapet-leaf:', interaction_id, ':', event_hash))
            FROM ${database}.interactions WHERE ${where} AND event_hash != ''${behind}
            ORDER BY started_at, interaction_id LIMIT {limit:UInt64} FORMAT RowBinary`,
          query_params: {
            org: range.org,
            from: Math.max(from, pageFrom),
            to: Math.min(to, pageTo),
            limit,
            ...(after === undefined ? {} : { at: after.startedAt, id: after.interactionId }),
          },
        });
        const pieces: Buffer[] = [];
        for await (const piece of stream) pieces.push(piece as Buffer);
        return parse(Buffer.concat(pieces));
      });
    },
  };
}

/** Every leaf in order, `pageLeaves` at a time, so that memory does not grow with the window. */
export async function* pagesOf(
  source: LeafSource,
  hours: Awaited<ReturnType<LeafSource['hours']>>,
  pageLeaves: number,
): AsyncGenerator<Leaf[]> {
  for (let i = 0; i < hours.length; ) {
    const from = (hours[i] as { startedAt: number }).startedAt;
    let expected = 0;
    let to = from;
    // Quiet hours are read together; a loud one is read in pages of its own.
    do {
      const hour = hours[i++] as { startedAt: number; leaves: number };
      expected += hour.leaves;
      to = hour.startedAt + HOUR_MICROS;
    } while (i < hours.length && expected + (hours[i] as { leaves: number }).leaves <= pageLeaves);
    for (let after: Leaf | undefined, left = expected; left > 0; ) {
      const page = await source.page(from, to, after, pageLeaves);
      if (page.length === 0) break;
      yield page;
      left -= page.length;
      after = page.at(-1);
    }
  }
}

/** Microseconds since 1970 of an ISO 8601 time. */
export function microsOf(time: string): number {
  const [, fraction = ''] = /\.(\d+)Z$/.exec(time) ?? [];
  return Math.floor(Date.parse(time) / 1_000) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** ISO 8601 with microseconds. */
export function timeOf(micros: number): string {
  return `${new Date(Math.floor(micros / 1_000_000) * 1_000).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, '0')}Z`;
}

function below(positions: Positions | undefined): string {
  if (positions === undefined) return '';
  // Numbers of ours: nothing to escape.
  const numbers = (of: 'partition' | 'end') => positions.map((position) => Math.trunc(position[of])).join(', ');
  return positions.length === 0 ? ' AND 0' : ` AND _offset < transform(_partition, [${numbers('partition')}], [${numbers('end')}], 0)`;
}

function parse(bytes: Buffer): Leaf[] {
  const leaves: Leaf[] = [];
  for (let at = 0; at < bytes.length; ) {
    const startedAt = Number(bytes.readBigInt64LE(at));
    at += 8;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const interactionId = bytes.toString('utf8', at, at + length);
    at += length;
    leaves.push({ startedAt, interactionId, hash: bytes.toString('hex', at, at + 32) });
    at += 32;
  }
  return leaves;
}
