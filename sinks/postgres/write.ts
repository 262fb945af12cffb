/**
 * One batch, counted once. Counters cannot be written twice like documents can, so the transaction that counts also moves the
 * sink's position in the partition; what lies below it is skipped, however batches are cut when they come again. Several
 * processes with the same partition (one of them has lost it and does not know yet) wait for each other at the position's row.
 *
 * What PostgreSQL refuses is found by halving: each half is a transaction of its own that moves the position to its end. The
 * record at fault alone stays behind as a gap, so that its dead letter can be sent again.
 */
import { ParapetError } from '../../core/errors.ts';
import type { BatchBounds, Refused, SinkRecord } from '../port.ts';
import { attempt, type Postgres, type Session } from './connect.ts';
import { patiently, refusalOf } from './errors.ts';
import { advance, type Counted, type Gap, isNew } from './offsets.ts';
import type { Target } from './statements.ts';
import { Unfit } from './values.ts';

export interface Writer<T> {
  /** Throws PARAPET_STORE_UNAVAILABLE: what was counted until then is known to the store, and the batch can come again. */
  write(batch: BatchBounds & { records: readonly SinkRecord<T>[] }): Promise<Refused[]>;
}

/** From records to rows: each alone, then what there is to write of many. */
export interface Filling<T, P> {
  /** Pure. Throws Unfit when the record cannot be counted. */
  project(record: T): P;
  apply(session: Session, target: Target, projections: readonly P[]): Promise<void>;
}

interface Entry<P> {
  index: number;
  offset: number;
  projection: P | null;
  /** Why it is refused. */
  reason: string | null;
}

/** So many may be refused of any batch; beyond, half of the batch is taken for a fault of the tables, not of the records. */
const FEW = 20;

export function createWriter<T, P>(store: Postgres, sink: string, target: Target, { project, apply }: Filling<T, P>): Writer<T> {
  return {
    async write({ partition, firstOffset, lastOffset, records }) {
      const entries = records.map(({ offset, value }, index) => prepare(index, offset, value));
      let refusals = 0;

      async function put(part: readonly Entry<P>[], first: number, last: number): Promise<void> {
        try {
          await patiently(() => count(part, partition, { first, last }));
        } catch (error) {
          const reason = refusalOf(error);
          const able = part.filter((entry) => entry.reason === null);
          const [only] = able;
          if (reason === undefined || only === undefined) throw error;
          if (able.length > 1) {
            const middle = (able[able.length >> 1] as Entry<P>).offset;
            await put(
              part.filter(({ offset }) => offset < middle),
              first,
              middle - 1,
            );
            return put(
              part.filter(({ offset }) => offset >= middle),
              middle,
              last,
            );
          }
          only.reason = reason;
          refusals += 1;
          if (refusals > FEW && refusals > entries.length / 2) throw suspicious(reason);
          return put(part, first, last);
        }
      }

      await attempt(`write to ${target.schema}`, () => put(entries, firstOffset, lastOffset));
      return entries.flatMap(({ index, reason }) => (reason === null ? [] : [{ index, reason }]));
    },
  };

  function prepare(index: number, offset: number, value: T): Entry<P> {
    try {
      return { index, offset, projection: project(value), reason: null };
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      return { index, offset, projection: null, reason: error.message };
    }
  }

  /** One transaction. */
  function count(part: readonly Entry<P>[], partition: number, bounds: Gap): Promise<void> {
    return store.transaction(async (session) => {
      const counted = await lockPosition(session, partition, bounds);
      const fresh = part.filter(({ offset, reason }) => reason === null && isNew(counted, offset));
      const after = advance(
        counted,
        bounds,
        fresh.map(({ offset }) => offset),
      );
      if (fresh.length > 0)
        await apply(
          session,
          target,
          fresh.map(({ projection }) => projection as P),
        );
      await savePosition(session, partition, counted, after);
    });
  }

  async function lockPosition(session: Session, partition: number, { first, last }: Gap): Promise<Counted> {
    const [position] = await session.query<{ next: number }>(
      `INSERT INTO "${target.schema}".parapet_positions AS p (sink, partition, next_offset) VALUES ($1, $2, 0)
      ON CONFLICT (sink, partition) DO UPDATE SET next_offset = p.next_offset RETURNING next_offset::float8 AS next`,
      [sink, partition],
    );
    const next = position?.next ?? 0;
    if (first >= next) return { next, gaps: [] };
    // From the gap at or before `first`: gaps do not overlap, so none before that one can touch the batch.
    const gaps = await session.query<Gap>(
      `SELECT first_offset::float8 AS first, last_offset::float8 AS last FROM "${target.schema}".parapet_gaps g
      WHERE sink = $1 AND partition = $2 AND last_offset >= $3 AND first_offset <= $4
        AND first_offset >= coalesce((SELECT max(first_offset) FROM "${target.schema}".parapet_gaps
          WHERE sink = $1 AND partition = $2 AND first_offset <= $3), 0)
      ORDER BY first_offset`,
      [sink, partition, first, last],
    );
    return { next, gaps };
  }

  async function savePosition(session: Session, partition: number, before: Counted, after: Counted): Promise<void> {
    if (after.next !== before.next) {
      await session.query(`UPDATE "${target.schema}".parapet_positions SET next_offset = $3 WHERE sink = $1 AND partition = $2`, [
        sink,
        partition,
        after.next,
      ]);
    }
    const same = (a: Gap, b: Gap) => a.first === b.first && a.last === b.last;
    const gone = before.gaps.filter((gap) => !after.gaps.some((other) => same(gap, other)));
    const made = after.gaps.filter((gap) => !before.gaps.some((other) => same(gap, other)));
    if (gone.length > 0) {
      await session.query(
        `DELETE FROM "${target.schema}".parapet_gaps WHERE sink = $1 AND partition = $2 AND first_offset = ANY ($3::bigint[])`,
        [sink, partition, gone.map(({ first }) => String(first))],
      );
    }
    if (made.length > 0) {
      await session.query(
        `INSERT INTO "${target.schema}".parapet_gaps (sink, partition, first_offset, last_offset)
        SELECT $1, $2, first, last FROM jsonb_to_recordset($3::jsonb) AS r (first bigint, last bigint)`,
        [sink, partition, JSON.stringify(made)],
      );
    }
  }
}

function suspicious(reason: string): ParapetError {
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `PostgreSQL refuses most of a batch (${reason}), so the fault is taken to be in the tables.`,
    hint: 'Look for a constraint, a trigger or a changed column that Parapet did not make, and take it away; nothing is lost.',
  });
}
