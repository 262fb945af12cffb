/**
 * The traces of a sink. The records of a draft are gone when it is written, so the contexts are noted as it takes them; what
 * is written in the plain way still has its records.
 */
import type { BatchBounds, Draft, Sink } from '../sinks/port.ts';
import type { BatchTrace, BatchTraces, SampledRecords } from './batches.ts';
import type { Headers } from './context.ts';

export interface SinkTraces<S> {
  /** The sink to read for: the same one, its drafts watched. */
  reading: S;
  /** A write of these records, or of this draft, begins. Undefined when none of them is sampled. */
  begin(bounds: BatchBounds, batch: { draft?: object | undefined; sources: readonly { headers: Headers }[] }): BatchTrace | undefined;
}

export function traceSink<S extends Sink>(traces: BatchTraces | undefined, sink: S): SinkTraces<S> {
  if (traces === undefined) return { reading: sink, begin: () => undefined };
  const drafted = new WeakMap<object, SampledRecords>();

  function watch<T>(draft: Draft<T>): Draft<T> {
    const sampled = traces?.collect([]) as SampledRecords;
    const { take } = draft;
    const watched: Draft<T> = {
      ...(take === undefined
        ? {}
        : {
            take(records, codec) {
              const taken = take.call(draft, records, codec);
              if (taken) traces?.collect(records, sampled);
              return taken;
            },
          }),
      add(records) {
        traces?.collect(records, sampled);
        draft.add(records);
      },
      write: (bounds) => draft.write(bounds),
    };
    drafted.set(watched, sampled);
    return watched;
  }

  const { draft } = sink;
  const reading: S =
    draft === undefined
      ? sink
      : Object.assign(Object.create(sink) as S, { draft: (partition: number) => watch(draft.call(sink, partition)) });
  return {
    reading,
    begin({ topic, partition }, batch) {
      const sampled = (batch.draft && drafted.get(batch.draft)) ?? traces.collect(batch.sources);
      return traces.begin({ operation: 'write', group: sink.name, topic, partition }, sampled);
    },
  };
}
