/** The two requests that carry records, with bodies of our own (`record-batch.ts`), and the questions about offsets. */
import type { LogRecord } from '../port.ts';
import { protocolError } from './faults.ts';
import {
  type Broker,
  type Cluster,
  decodeProduceResponse,
  Encoder,
  fetchRequest,
  type ProduceResponse,
  type ProtocolRequest,
} from './internals.ts';
import type { Decoded } from './record-batch.ts';
import { type Aborted, decodeBatches, encodeBatch } from './record-batch.ts';

const PRODUCE = 0;
const PRODUCE_VERSION = 7;
const ALL_REPLICAS = -1;
const PRODUCE_TIMEOUT_MS = 15_000;
export const READ_UNCOMMITTED = 0;
export const READ_COMMITTED = 1;

export interface PartitionBatch {
  topic: string;
  partition: number;
  firstSequence: number;
  records: LogRecord[];
}

export interface BatchWriter {
  transactionalId: string;
  producerId: string;
  producerEpoch: number;
}

/** Sends the batches to their leader, at most one for each partition; gives the offset of each batch's first record. */
export async function produce(broker: Broker, writer: BatchWriter, batches: readonly PartitionBatch[]): Promise<number[]> {
  const byTopic = Map.groupBy(batches, (batch) => batch.topic);
  const request: ProtocolRequest<ProduceResponse> = {
    request: {
      apiKey: PRODUCE,
      apiVersion: PRODUCE_VERSION,
      apiName: 'Produce',
      async encode() {
        const pieces = [
          new Encoder().writeString(writer.transactionalId).writeInt16(ALL_REPLICAS).writeInt32(PRODUCE_TIMEOUT_MS).writeInt32(byTopic.size)
            .buffer,
        ];
        for (const [topic, mine] of byTopic) {
          pieces.push(new Encoder().writeString(topic).writeInt32(mine.length).buffer);
          for (const { partition, firstSequence, records } of mine) {
            const batch = encodeBatch(records, { ...writer, firstSequence });
            pieces.push(new Encoder().writeInt32(partition).writeInt32(batch.length).buffer, batch);
          }
        }
        // An Encoder would copy megabytes each time it grows; the connection only wants to see the bytes.
        const whole = Buffer.concat(pieces);
        return { buf: whole, buffer: whole, size: () => whole.length };
      },
    },
    response: { decode: decodeProduceResponse, parse: async (response) => response },
  };
  const { topics } = await send(broker, request);
  const offsets = new Map<string, number>();
  for (const { topicName, partitions } of topics) {
    for (const { partition, errorCode, baseOffset } of partitions) {
      if (errorCode !== 0) throw protocolError(errorCode);
      offsets.set(`${topicName}/${partition}`, Number(baseOffset));
    }
  }
  return batches.map(({ topic, partition }) => offsets.get(`${topic}/${partition}`) ?? -1);
}

export interface FetchPart {
  topic: string;
  partition: number;
  offset: number;
  maxBytes: number;
}

export interface FetchedPart extends Decoded {
  topic: string;
  partition: number;
  /** Kafka's error code; 0 is none. */
  errorCode: number;
  /** One past what a reader of committed records may see now. */
  lastStableOffset: number;
  logStartOffset: number;
}

/** Committed records of several partitions of one broker; waits up to `maxWaitMs` when there are none. */
export async function fetchParts(
  broker: Broker,
  parts: readonly FetchPart[],
  { maxWaitMs, maxBytes }: { maxWaitMs: number; maxBytes: number },
): Promise<FetchedPart[]> {
  const from = new Map(parts.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]));
  const byTopic = Map.groupBy(parts, ({ topic }) => topic);
  return send(broker, {
    request: fetchRequest({
      replicaId: -1,
      maxWaitTime: maxWaitMs,
      minBytes: 1,
      maxBytes,
      isolationLevel: READ_COMMITTED,
      topics: [...byTopic].map(([topic, mine]) => ({
        topic,
        partitions: mine.map(({ partition, offset, maxBytes: bytes }) => ({ partition, fetchOffset: String(offset), maxBytes: bytes })),
      })),
    }),
    response: { decode: async (raw) => decodeFetch(raw, (name) => from.get(name) ?? 0), parse: async (fetched) => fetched },
    logResponseError: false,
  });
}

/** Fetch response, version 11. */
function decodeFetch(raw: Buffer, from: (name: string) => number): FetchedPart[] {
  const out: FetchedPart[] = [];
  const failure = raw.readInt16BE(4);
  if (failure !== 0) throw protocolError(failure);
  let at = 10;
  const topics = raw.readInt32BE(at);
  at += 4;
  for (let t = 0; t < topics; t++) {
    const nameBytes = raw.readInt16BE(at);
    const topic = raw.toString('utf8', at + 2, at + 2 + nameBytes);
    at += 2 + nameBytes;
    const partitions = raw.readInt32BE(at);
    at += 4;
    for (let p = 0; p < partitions; p++) {
      const partition = raw.readInt32BE(at);
      const errorCode = raw.readInt16BE(at + 4);
      const lastStableOffset = Number(raw.readBigInt64BE(at + 14));
      const logStartOffset = Number(raw.readBigInt64BE(at + 22));
      const abortedCount = Math.max(0, raw.readInt32BE(at + 30));
      at += 34;
      const aborted: Aborted[] = [];
      for (let a = 0; a < abortedCount; a++, at += 16) {
        aborted.push({ producerId: raw.readBigInt64BE(at), firstOffset: Number(raw.readBigInt64BE(at + 8)) });
      }
      const setBytes = Math.max(0, raw.readInt32BE(at + 4));
      at += 8;
      const set = raw.subarray(at, at + setBytes);
      at += setBytes;
      const decoded = decodeBatches(topic, partition, set, from(`${topic}/${partition}`), aborted);
      out.push({ topic, partition, errorCode, lastStableOffset, logStartOffset, ...decoded });
    }
  }
  return out;
}

/** As `Broker` itself sends: a connection that was closed is dropped, so that the next request opens another. */
export async function send<T>(broker: Broker, request: ProtocolRequest<T>): Promise<T> {
  try {
    return await broker.connectionPool.send(request);
  } catch (error) {
    if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
}

export const EARLIEST = -2;
export const LATEST = -1;

/**
 * The offset at `time` (milliseconds since 1970, EARLIEST or LATEST) of each partition: of the first record that is not
 * older, -1 when all are. LATEST is the end of what is committed, or of everything (READ_UNCOMMITTED).
 */
export async function offsetsAt(
  cluster: Cluster,
  topic: string,
  partitions: readonly number[],
  time: number,
  isolationLevel: 0 | 1 = READ_COMMITTED,
): Promise<Map<number, number>> {
  const byLeader = Map.groupBy(partitions, (partition) => leaderOf(cluster, topic, partition));
  const out = new Map<number, number>();
  await Promise.all(
    [...byLeader].map(async ([nodeId, mine]) => {
      const broker = await cluster.findBroker({ nodeId });
      const { responses } = await broker.listOffsets({
        replicaId: -1,
        isolationLevel,
        topics: [{ topic, partitions: mine.map((partition) => ({ partition, timestamp: time })) }],
      });
      for (const response of responses) for (const { partition, offset } of response.partitions) out.set(partition, Number(offset));
    }),
  );
  return out;
}

/** Throws LEADER_NOT_AVAILABLE while the partition has none. */
export function leaderOf(cluster: Cluster, topic: string, partition: number): number {
  const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
  if (found === undefined) throw protocolError(3);
  if (found.leader < 0) throw protocolError(5);
  return found.leader;
}
