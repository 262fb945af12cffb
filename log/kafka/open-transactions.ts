/**
 * What became of a producer's transactions: as its coordinator decided, and as it stands in the partitions. The two differ
 * when a broker that starts again drops markers on the way (Kafka 4.3: "partitions are likely deleted already", while they
 * only have no leader yet). What hangs open so would be ended by the next marker of the same producer, whatever had been
 * decided of it.
 */
import { protocolError } from './faults.ts';
import { type Broker, type Cluster, Decoder, Encoder, type ProtocolRequest } from './internals.ts';
import { leaderOf, send } from './protocol.ts';

const DESCRIBE_PRODUCERS = 61;
const DESCRIBE_TRANSACTIONS = 65;
const NONE_OPEN = -1n;
const TOPIC_AUTHORIZATION_FAILED = 29;
const TRANSACTIONAL_ID_NOT_FOUND = 105;

export interface PartitionName {
  topic: string;
  partition: number;
}

/**
 * Those of the partitions in which the producer has a transaction open. Brokers before Kafka 2.8 can't tell, and nobody is
 * told who may not read the topic: then none.
 */
export async function openTransactions(
  cluster: Cluster,
  producerId: string,
  partitions: readonly PartitionName[],
): Promise<PartitionName[]> {
  const byLeader = Map.groupBy(partitions, ({ topic, partition }) => leaderOf(cluster, topic, partition));
  const open = await Promise.all(
    [...byLeader].map(async ([nodeId, mine]) => {
      const broker = await cluster.findBroker({ nodeId });
      if (broker.versions !== undefined && broker.versions[DESCRIBE_PRODUCERS] === undefined) return [];
      return send(broker, describeProducers(BigInt(producerId), mine));
    }),
  );
  return open.flat();
}

/** Version 0, whose strings and lists are the compact ones, with (empty) tagged fields behind every structure. */
function describeProducers(producerId: bigint, partitions: readonly PartitionName[]): ProtocolRequest<PartitionName[]> {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  return {
    request: {
      apiKey: DESCRIBE_PRODUCERS,
      apiVersion: 0,
      apiName: 'DescribeProducers',
      async encode() {
        const topics = [...byTopic].map(([topic, mine]) =>
          new Encoder()
            .writeUVarIntString(topic)
            .writeUVarIntArray(mine.map(({ partition }) => new Encoder().writeInt32(partition)))
            .writeUVarIntBytes(),
        );
        // The first is the header's.
        return new Encoder().writeUVarIntBytes().writeUVarIntArray(topics).writeUVarIntBytes();
      },
    },
    response: { decode: async (raw) => decodeOpen(raw, producerId), parse: async (open) => open },
  };
}

function decodeOpen(raw: Buffer, producerId: bigint): PartitionName[] {
  const decoder = new Decoder(raw);
  const open: PartitionName[] = [];
  decoder.readTaggedFields();
  decoder.readInt32();
  decoder.readUVarIntArray(() => {
    const topic = decoder.readUVarIntString() ?? '';
    decoder.readUVarIntArray(() => {
      const partition = decoder.readInt32();
      const errorCode = decoder.readInt16();
      decoder.readUVarIntString();
      let mine = false;
      decoder.readUVarIntArray(() => {
        const id = BigInt(decoder.readInt64().toString());
        decoder.readInt32();
        decoder.readInt32();
        decoder.readInt64();
        decoder.readInt32();
        const start = BigInt(decoder.readInt64().toString());
        decoder.readTaggedFields();
        if (id === producerId && start !== NONE_OPEN) mine = true;
      });
      decoder.readTaggedFields();
      if (errorCode !== 0 && errorCode !== TOPIC_AUTHORIZATION_FAILED) throw protocolError(errorCode);
      if (mine) open.push({ topic, partition });
    });
    decoder.readTaggedFields();
  });
  return open;
}

/** `deciding` is a matter of milliseconds; `none` where nothing is known, as of a new id or at brokers before Kafka 3.0. */
export type Decision = 'committed' | 'aborted' | 'deciding' | 'none';

const DECISIONS: Record<string, Decision> = {
  CompleteCommit: 'committed',
  CompleteAbort: 'aborted',
  // Whoever begins anew ends it.
  Ongoing: 'aborted',
  PrepareCommit: 'deciding',
  PrepareAbort: 'deciding',
  PrepareEpochFence: 'deciding',
};

/** What the coordinator of the id has decided of its newest transaction. */
export async function decisionOn(coordinator: Broker, transactionalId: string): Promise<Decision> {
  if (coordinator.versions !== undefined && coordinator.versions[DESCRIBE_TRANSACTIONS] === undefined) return 'none';
  return send(coordinator, {
    request: {
      apiKey: DESCRIBE_TRANSACTIONS,
      apiVersion: 0,
      apiName: 'DescribeTransactions',
      async encode() {
        const ids = [new Encoder().writeUVarIntString(transactionalId)];
        return new Encoder().writeUVarIntBytes().writeUVarIntArray(ids).writeUVarIntBytes();
      },
    },
    response: { decode: async (raw) => decodeDecision(raw), parse: async (decision) => decision },
  });
}

function decodeDecision(raw: Buffer): Decision {
  const decoder = new Decoder(raw);
  let state = '';
  decoder.readTaggedFields();
  decoder.readInt32();
  decoder.readUVarIntArray(() => {
    const errorCode = decoder.readInt16();
    if (errorCode !== 0 && errorCode !== TRANSACTIONAL_ID_NOT_FOUND) throw protocolError(errorCode);
    decoder.readUVarIntString();
    state = decoder.readUVarIntString() ?? '';
    decoder.readInt32();
    decoder.readInt64();
    decoder.readInt64();
    decoder.readInt16();
    decoder.readUVarIntArray(() => {
      decoder.readUVarIntString();
      decoder.readUVarIntArray(() => decoder.readInt32());
      decoder.readTaggedFields();
    });
    decoder.readTaggedFields();
  });
  return DECISIONS[state] ?? 'none';
}
