/** How to reach a Kafka: addresses, TLS and SASL, as the environment names them, turned into what the client takes. */
import { readFileSync } from 'node:fs';
import type { SASLOptions } from 'kafkajs';
import type { Environment } from '../../core/environment.ts';
import { ParapetError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { Cluster, createKafkaJsLogger, createSocketFactory, LEVELS } from './internals.ts';
import { tokenSource } from './oauth.ts';

export interface KafkaConnection {
  /** host:port of some brokers; the rest is learnt from them. */
  brokers: string[];
  clientId: string;
  /** Options of Node's `tls.connect`; false speaks plain text. */
  ssl: { ca?: string; cert?: string; key?: string; passphrase?: string; servername?: string } | false;
  sasl?: SASLOptions;
}

type KafkaEnvironment = Pick<Environment, Extract<keyof Environment, `KAFKA_${string}`>>;

/** Throws PARAPET_CONFIG_INVALID when a named file can't be read. */
export function kafkaConnection(env: KafkaEnvironment): KafkaConnection {
  const sasl = saslOptions(env);
  return {
    brokers: env.KAFKA_BROKERS ?? [],
    clientId: env.KAFKA_CLIENT_ID,
    ssl: env.KAFKA_SSL
      ? {
          ...(env.KAFKA_SSL_CA_FILE === undefined ? {} : { ca: readFile('KAFKA_SSL_CA_FILE', env.KAFKA_SSL_CA_FILE) }),
          ...(env.KAFKA_SSL_CERT_FILE === undefined ? {} : { cert: readFile('KAFKA_SSL_CERT_FILE', env.KAFKA_SSL_CERT_FILE) }),
          ...(env.KAFKA_SSL_KEY_FILE === undefined ? {} : { key: readFile('KAFKA_SSL_KEY_FILE', env.KAFKA_SSL_KEY_FILE) }),
          ...(env.KAFKA_SSL_KEY_PASSWORD === undefined ? {} : { passphrase: env.KAFKA_SSL_KEY_PASSWORD }),
        }
      : false,
    ...(sasl === undefined ? {} : { sasl }),
  };
}

function saslOptions(env: KafkaEnvironment): SASLOptions | undefined {
  const { KAFKA_SASL_USERNAME: username = '', KAFKA_SASL_PASSWORD: password = '' } = env;
  switch (env.KAFKA_SASL_MECHANISM) {
    case undefined:
      return undefined;
    case 'PLAIN':
      return { mechanism: 'plain', username, password };
    case 'SCRAM-SHA-256':
      return { mechanism: 'scram-sha-256', username, password };
    case 'SCRAM-SHA-512':
      return { mechanism: 'scram-sha-512', username, password };
    case 'OAUTHBEARER':
      return { mechanism: 'oauthbearer', oauthBearerProvider: tokenSource(env) };
  }
}

function readFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `${name} cannot be read: ${reason}` });
  }
}

const CONNECT_MS = 3_000;
const AUTHENTICATE_MS = 5_000;
const REQUEST_MS = 20_000;
const METADATA_AGE_MS = 300_000;

/** A client with connections of its own: one for requests and one for fetches to each broker that it talks to. */
export function createCluster({ brokers, clientId, ssl, sasl }: KafkaConnection, logger: Logger): Cluster {
  // The host resolves to whichever of IPv4 and IPv6 answers; kafkajs splits host:port at the first colon, so no IPv6 literals.
  const open = createSocketFactory();
  return new Cluster({
    brokers,
    clientId,
    ssl,
    sasl,
    socketFactory: (options) => {
      const socket = open(options);
      // Small requests wait for each other's acknowledgements otherwise; a transaction is six of them.
      socket.setNoDelay(true);
      return socket;
    },
    logger: createKafkaJsLogger({
      level: LEVELS.WARN,
      // What kafkajs calls an error is mostly a rebalance or a retry; what comes of it is told by the engine itself.
      logCreator:
        () =>
        ({ namespace, log: { message, timestamp: _, logger: __, stack: ___, ...facts } }) =>
          logger.debug({ namespace, ...facts }, message),
    }),
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: AUTHENTICATE_MS,
    requestTimeout: REQUEST_MS,
    enforceRequestTimeout: true,
    metadataMaxAge: METADATA_AGE_MS,
    // A misspelt topic is an error, not a new topic.
    allowAutoTopicCreation: false,
    // Few and fast: the engine has retries of its own, which know what a failure means.
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 2 },
  });
}
