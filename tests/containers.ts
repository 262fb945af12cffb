/**
 * The servers of the suites against real ones, as containers: for whoever has a container runtime and no servers. The images are
 * those of docker-compose.yml, so that what is tested is what is deployed. Only what is not in the environment is started.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A server that suites find by its address in the environment. */
export interface ServerKind {
  /** Its name in docker-compose.yml, and for people. */
  service: string;
  /** The variable that suites look for; when it is set nothing is started. */
  variable: string;
  container: ContainerPlan;
}

export interface ContainerPlan {
  /** The port that the server listens on inside. */
  port: number;
  /** The server tells its clients where it is, so it must know its port outside before it starts. */
  knowsItsPort?: true;
  environment(port: number): Record<string, string>;
  command?: string[];
  /** A path that answers 200 when the server is ready, or a line that it then logs. */
  ready: { path: string } | { log: RegExp };
  /** What suites read from the environment, given host and port outside. */
  variables(address: string): Record<string, string>;
}

/** As much of the package `testcontainers` as is used here. */
export interface Runtime {
  start(image: string, plan: ContainerPlan): Promise<Running>;
}

export interface Running {
  /** `host:port`. */
  address: string;
  stop(): Promise<void>;
}

/** Of containers that end with the tests. */
const PASSWORD = 'parapet-tests';

export const SERVERS: readonly ServerKind[] = [
  {
    service: 'kafka',
    variable: 'KAFKA_BROKERS',
    container: {
      port: 9092,
      knowsItsPort: true,
      environment: (port) => ({
        KAFKA_NODE_ID: '1',
        KAFKA_PROCESS_ROLES: 'broker,controller',
        // Inside, the address outside leads nowhere, and the broker speaks to itself about transactions: so by a listener of its own.
        KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093,BROKER://:9094',
        KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port},BROKER://localhost:9094`,
        KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,BROKER:PLAINTEXT',
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      }),
      ready: { log: /Kafka Server started/ },
      variables: (address) => ({ KAFKA_BROKERS: address }),
    },
  },
  {
    service: 'registry',
    variable: 'SCHEMA_REGISTRY_URL',
    container: {
      port: 8080,
      environment: () => ({
        APICURIO_STORAGE_KIND: 'sql',
        APICURIO_STORAGE_SQL_KIND: 'h2',
        APICURIO_DATASOURCE_URL: 'jdbc:h2:mem:registry',
      }),
      ready: { path: '/health/ready' },
      variables: (address) => ({ SCHEMA_REGISTRY_URL: `http://${address}/apis/ccompat/v7` }),
    },
  },
  {
    service: 'clickhouse',
    variable: 'CLICKHOUSE_URL',
    container: {
      port: 8123,
      environment: () => ({ CLICKHOUSE_USER: 'app', CLICKHOUSE_PASSWORD: PASSWORD, CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT: '1' }),
      ready: { path: '/ping' },
      variables: (address) => ({ CLICKHOUSE_URL: `http://${address}`, CLICKHOUSE_USER: 'app', CLICKHOUSE_PASSWORD: PASSWORD }),
    },
  },
  {
    service: 'minio',
    variable: 'S3_ENDPOINT',
    container: {
      port: 9000,
      environment: () => ({ MINIO_ROOT_USER: 'minioadmin', MINIO_ROOT_PASSWORD: PASSWORD }),
      command: ['server', '/data'],
      ready: { path: '/minio/health/ready' },
      variables: (address) => ({
        S3_ENDPOINT: `http://${address}`,
        AWS_ACCESS_KEY_ID: 'minioadmin',
        AWS_SECRET_ACCESS_KEY: PASSWORD,
        AWS_REGION: 'us-east-1',
      }),
    },
  },
  {
    service: 'elasticsearch',
    variable: 'ELASTICSEARCH_URL',
    container: {
      port: 9200,
      environment: () => ({
        'discovery.type': 'single-node',
        'xpack.security.enabled': 'false',
        ES_JAVA_OPTS: '-Xms1g -Xmx1g',
      }),
      ready: { path: '/_cluster/health?wait_for_status=yellow&timeout=3s' },
      variables: (address) => ({ ELASTICSEARCH_URL: `http://${address}` }),
    },
  },
  {
    service: 'influxdb',
    variable: 'INFLUX_URL',
    container: {
      port: 8086,
      environment: () => ({
        DOCKER_INFLUXDB_INIT_MODE: 'setup',
        DOCKER_INFLUXDB_INIT_USERNAME: 'parapet',
        DOCKER_INFLUXDB_INIT_PASSWORD: PASSWORD,
        DOCKER_INFLUXDB_INIT_ORG: 'parapet',
        DOCKER_INFLUXDB_INIT_BUCKET: 'setup',
        DOCKER_INFLUXDB_INIT_ADMIN_TOKEN: PASSWORD,
      }),
      ready: { path: '/ready' },
      variables: (address) => ({ INFLUX_URL: `http://${address}`, INFLUX_TOKEN: PASSWORD, INFLUX_ORG: 'parapet', INFLUX_BUCKET: 'setup' }),
    },
  },
  {
    service: 'postgres',
    variable: 'DATABASE_URL',
    container: {
      port: 5432,
      environment: () => ({ POSTGRES_USER: 'parapet', POSTGRES_DB: 'parapet', POSTGRES_PASSWORD: PASSWORD }),
      // Said once by the server that only makes the database, and once by the one that stays.
      ready: { log: /database system is ready to accept connections[\s\S]*database system is ready to accept connections/ },
      variables: (address) => ({ DATABASE_URL: `postgres://parapet:${PASSWORD}@${address}/parapet` }),
    },
  },
];

/** The image of a service of docker-compose.yml, with its tag. */
export function imageOf(service: string, compose = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8')): string {
  const { services } = parse(compose, { merge: true }) as { services: Record<string, { image?: string }> };
  const image = services[service]?.image;
  if (image === undefined) throw new Error(`docker-compose.yml names no image for ${service}.`);
  return image;
}

export function missing(environment: NodeJS.ProcessEnv): ServerKind[] {
  return SERVERS.filter(({ variable }) => (environment[variable] ?? '') === '');
}

export interface StartOptions {
  environment: NodeJS.ProcessEnv;
  /** The runtime, or why there is none. */
  runtime: Runtime | { lacking: string };
  say(line: string): void;
}

/**
 * Starts what is missing and puts its addresses into the environment; gives what stops it. Where it cannot be started, one
 * line for each server says so, and its suites are skipped.
 */
export async function startMissing({ environment, runtime, say }: StartOptions): Promise<() => Promise<void>> {
  const running: Running[] = [];
  await Promise.all(
    missing(environment).map(async ({ service, variable, container }) => {
      try {
        if ('lacking' in runtime) throw new Error(runtime.lacking);
        const started = await runtime.start(imageOf(service), container);
        running.push(started);
        Object.assign(environment, container.variables(started.address));
        say(`${service} runs in a container at ${started.address}`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        say(`SKIPPED: every suite that needs ${service}, because ${variable} is not set and no container could be started: ${reason}`);
      }
    }),
  );
  return async () => {
    await Promise.all(running.map((each) => each.stop()));
  };
}
