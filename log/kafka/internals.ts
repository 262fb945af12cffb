/**
 * The parts of kafkajs 2.2.4 that the engine stands on. Its public consumer pushes batches, couples the partitions of a
 * fetch to each other and rejoins a group without waiting for what is in hand; its producer hides which step of a
 * transaction failed. Below it there is a sound client: connections, TLS, SASL, metadata and one method for each request
 * of the protocol. Only that is used, and only this file knows where it lies, which is why package.json pins the version.
 */
import { createRequire } from 'node:module';
import type { ISocketFactory, logCreator, SASLOptions } from 'kafkajs';
import { oneSocket, stopIdleTimer } from './repairs.ts';

const load = createRequire(import.meta.url);

export interface KafkaJsLogger {
  namespace(name: string): KafkaJsLogger;
}

export interface ClusterOptions {
  brokers: string[];
  clientId: string;
  ssl: object | false;
  sasl: SASLOptions | undefined;
  socketFactory: ISocketFactory;
  logger: KafkaJsLogger;
  connectionTimeout: number;
  authenticationTimeout: number;
  requestTimeout: number;
  enforceRequestTimeout: boolean;
  metadataMaxAge: number;
  allowAutoTopicCreation: boolean;
  retry: { initialRetryTime: number; maxRetryTime: number; retries: number };
}

export interface PartitionMetadata {
  partitionId: number;
  leader: number;
  partitionErrorCode: number;
}

/** Offsets and 64-bit numbers travel as decimal strings. */
export interface OffsetTopics {
  topic: string;
  partitions: { partition: number; offset: string; metadata?: string | null }[];
}

interface ListedOffsets {
  responses: { topic: string; partitions: { partition: number; offset: string }[] }[];
}

/** A request in the form that a connection sends: how to write it, and how to read what comes back. */
export interface ProtocolRequest<T> {
  request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<Encoded> };
  response: { decode(raw: Buffer): Promise<T>; parse(data: T): Promise<T> };
  requestTimeout?: number;
  logResponseError?: boolean;
}

export interface JoinedGroup {
  generationId: number;
  leaderId: string;
  memberId: string;
  members: { memberId: string; memberMetadata: Buffer }[];
}

export interface ProducerIdentity {
  producerId: string;
  producerEpoch: number;
}

type TransactionStep = ProducerIdentity & { transactionalId: string };

export interface Broker {
  nodeId: number;
  /** What the broker takes, by the number of the request. */
  versions?: Record<number, unknown>;
  connectionPool: { send<T>(request: ProtocolRequest<T>): Promise<T> };
  disconnect(): Promise<void>;
  heartbeat(options: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  joinGroup(options: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: { name: string; metadata: Buffer }[];
  }): Promise<JoinedGroup>;
  syncGroup(options: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ memberAssignment: Buffer }>;
  leaveGroup(options: { groupId: string; memberId: string }): Promise<unknown>;
  offsetCommit(options: { groupId: string; groupGenerationId: number; memberId: string; topics: OffsetTopics[] }): Promise<unknown>;
  /** No topics at all asks for every offset of the group. */
  offsetFetch(options: { groupId: string; topics: { topic: string; partitions: { partition: number }[] }[] }): Promise<{
    responses: { topic: string; partitions: { partition: number; offset: string; metadata: string | null }[] }[];
  }>;
  listGroups(): Promise<{ groups: { groupId: string }[] }>;
  listOffsets(options: {
    replicaId: number;
    isolationLevel: 0 | 1;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<ListedOffsets>;
  deleteRecords(options: { topics: { topic: string; partitions: { partition: number; offset: string }[] }[] }): Promise<unknown>;
  initProducerId(options: { transactionalId: string; transactionTimeout: number }): Promise<ProducerIdentity>;
  addPartitionsToTxn(options: TransactionStep & { topics: { topic: string; partitions: number[] }[] }): Promise<unknown>;
  addOffsetsToTxn(options: TransactionStep & { groupId: string }): Promise<unknown>;
  txnOffsetCommit(options: TransactionStep & { groupId: string; topics: OffsetTopics[] }): Promise<unknown>;
  endTxn(options: TransactionStep & { transactionResult: boolean }): Promise<unknown>;
}

export interface Cluster {
  /** `brokers` by their node ids. */
  brokerPool: { metadata: unknown; brokers: Record<string, unknown> };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  findBroker(options: { nodeId: number | string }): Promise<Broker>;
  findGroupCoordinator(options: { groupId: string; coordinatorType: 0 | 1 }): Promise<Broker>;
}

/** What a connection wants of a request's body. */
export interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
  size(): number;
}

/** Writes big-endian fields one after the other. */
export interface Encoder extends Encoded {
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeString(value: string | null): Encoder;
  writeUVarIntString(value: string | null): Encoder;
  writeUVarIntArray(items: readonly Encoder[]): Encoder;
  /** Without bytes: an empty set of tagged fields. */
  writeUVarIntBytes(): Encoder;
}

/** Reads them again. */
interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): { toString(): string };
  readUVarIntString(): string | null;
  readUVarIntArray(reader: () => void): unknown;
  readTaggedFields(): unknown;
}

interface FetchRequest {
  replicaId: number;
  maxWaitTime: number;
  minBytes: number;
  maxBytes: number;
  isolationLevel: 0 | 1;
  topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
}

interface ProduceResponse {
  topics: { topicName: string; partitions: { partition: number; errorCode: number; baseOffset: string }[] }[];
}

export const Cluster = load('kafkajs/src/cluster') as new (options: ClusterOptions) => Cluster;
export const Encoder = load('kafkajs/src/protocol/encoder') as new (initialSize?: number) => Encoder;
export const Decoder = load('kafkajs/src/protocol/decoder') as new (raw: Buffer) => Decoder;
export const createSocketFactory = load('kafkajs/src/network/socketFactory') as () => ISocketFactory;
export const { createLogger: createKafkaJsLogger, LEVELS } = load('kafkajs/src/loggers') as {
  createLogger(options: { level: number; logCreator: logCreator }): KafkaJsLogger;
  LEVELS: { NOTHING: number; ERROR: number; WARN: number; INFO: number; DEBUG: number };
};
export const { createErrorFromCode } = load('kafkajs/src/protocol/error') as { createErrorFromCode(code: number): Error };
export const { MemberMetadata, MemberAssignment } = load('kafkajs/src/consumer/assignerProtocol') as {
  MemberMetadata: { encode(options: { version: number; topics: string[] }): Buffer; decode(raw: Buffer): { topics: string[] } };
  MemberAssignment: {
    encode(options: { version: number; assignment: Record<string, number[]> }): Buffer;
    decode(raw: Buffer): { assignment: Record<string, number[]> } | null;
  };
};
export const fetchRequest = load('kafkajs/src/protocol/requests/fetch/v11/request') as (
  options: FetchRequest,
) => ProtocolRequest<unknown>['request'];
export const { decode: decodeProduceResponse } = load('kafkajs/src/protocol/requests/produce/v7/response') as {
  decode(raw: Buffer): Promise<ProduceResponse>;
};
export type { ProduceResponse };

stopIdleTimer(load('kafkajs/src/network/requestQueue') as Parameters<typeof stopIdleTimer>[0]);
oneSocket(load('kafkajs/src/network/connection') as Parameters<typeof oneSocket>[0]);
