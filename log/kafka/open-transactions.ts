/**
 * Whether a producer still has a transaction open in a partition. A transaction ends when its coordinator has decided, and
 * shows when its marker stands in every partition; a broker that starts again may drop a marker on the way (Kafka 4.3:
 * "partitions are likely deleted already", while they only have no leader yet). What hangs open so would be committed by
 * the next marker of the same producer, whatever had been decided of it.
 */
import { protocolError } from './faults.ts';
import { type Cluster, Decoder, Encoder, type ProtocolRequest } from './internals.ts';
import { leaderOf, send } from './protocol.ts';

const DESCRIBE_PRODUCERS = 61;
const NONE_OPEN = -1n;
const TOPIC_AUTHORIZATION_FAILED = 29;

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
