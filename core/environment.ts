/**
 * The one file that reads the environment. Everything is checked at once, before anything starts: a wrong deployment
 * fails in the first second with every mistake named, and a misspelt PARAPET_… is refused instead of ignored.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ParapetError } from './errors.ts';

const bytes = (fallback: number) => z.coerce.number().int().positive().default(fallback);
const milliseconds = (fallback: number) => z.coerce.number().int().nonnegative().default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false', '1', '0'])
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true' || text === '1');
const MiB = 1024 * 1024;

const schema = z.object({
  PARAPET_DATA: z.string().default('.parapet'),
  PARAPET_ORG: z.string().min(1).default('default'),
  PARAPET_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),

  PARAPET_HOST: z.string().default('127.0.0.1'),
  PARAPET_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  PARAPET_GATEWAY_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, dot, dash and underscore')
    .default('gw-1'),
  PARAPET_API_KEYS_FILE: z.string().optional(),
  PARAPET_VENDORS_FILE: z.string().optional(),
  PARAPET_BODY_LIMIT_BYTES: bytes(10 * MiB),
  PARAPET_CONTENT_LIMIT_BYTES: bytes(1 * MiB),
  PARAPET_REQUEST_TIMEOUT_MS: milliseconds(30_000),
  PARAPET_VENDOR_TIMEOUT_MS: milliseconds(600_000),
  PARAPET_VENDOR_IDLE_TIMEOUT_MS: milliseconds(120_000),
  PARAPET_VENDOR_CONNECTIONS: z.coerce.number().int().positive().default(256),
  PARAPET_RESPONSE_LIMIT_BYTES: bytes(64 * MiB),
  PARAPET_CLIENT_STALL_MS: milliseconds(60_000),
  PARAPET_ABANDON_DRAIN_MS: milliseconds(30_000),
  PARAPET_SHUTDOWN_MS: milliseconds(30_000),

  PARAPET_INSPECT_MODE: z.enum(['off', 'monitor', 'block']).default('monitor'),
  PARAPET_BLOCK_SCORE: z.coerce.number().int().min(1).max(100).default(70),
  PARAPET_INSPECT_FAILURE: z.enum(['closed', 'open']).default('closed'),

  PARAPET_SPOOL_BYTES: bytes(1024 * MiB),
  PARAPET_DURABILITY: z.enum(['spool', 'kafka']).default('spool'),
  PARAPET_PARTITIONS: z.coerce.number().int().min(1).max(256).default(4),
  PARAPET_MASTER_KEY: z.string().optional(),

  PARAPET_CLICKHOUSE_PORT: z.coerce.number().int().min(0).max(65_535).default(8123),
  PARAPET_CLICKHOUSE_LINGER_MS: milliseconds(500),
  PARAPET_LAKE_LINGER_MS: milliseconds(60_000),
  PARAPET_METRICS_HOST: z.string().default('127.0.0.1'),
  PARAPET_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(9464),

  KAFKA_BROKERS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    )
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9._-]+:\d{1,5}$/, 'host:port, separated by commas')).min(1))
    .optional(),
  KAFKA_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/, 'letters, digits, dot, dash and underscore')
    .default(''),
  KAFKA_CLIENT_ID: z.string().min(1).default('parapet'),
  KAFKA_REPLICATION_FACTOR: z.coerce.number().int().min(1).max(32_767).default(3),
  KAFKA_SSL: flag(false),
  KAFKA_SSL_CA_FILE: z.string().optional(),
  KAFKA_SSL_CERT_FILE: z.string().optional(),
  KAFKA_SSL_KEY_FILE: z.string().optional(),
  KAFKA_SSL_KEY_PASSWORD: z.string().optional(),
  KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  KAFKA_SASL_OAUTH_TOKEN_FILE: z.string().optional(),
  KAFKA_SASL_OAUTH_TOKEN_URL: z.url().optional(),
  KAFKA_SASL_OAUTH_CLIENT_ID: z.string().optional(),
  KAFKA_SASL_OAUTH_CLIENT_SECRET: z.string().optional(),
  KAFKA_SASL_OAUTH_SCOPE: z.string().optional(),
  KAFKA_ALLOW_PLAINTEXT_SASL: flag(false),

  CLICKHOUSE_URL: z.url().optional(),
  CLICKHOUSE_USER: z.string().optional(),
  CLICKHOUSE_PASSWORD: z.string().optional(),
  CLICKHOUSE_DATABASE: z.string().optional(),
  ELASTICSEARCH_URL: z.url().optional(),
  ELASTICSEARCH_API_KEY: z.string().optional(),
  ELASTICSEARCH_USER: z.string().optional(),
  ELASTICSEARCH_PASSWORD: z.string().optional(),
  ELASTICSEARCH_CA_FILE: z.string().optional(),
  ELASTICSEARCH_PREFIX: z.string().default(''),
  SCHEMA_REGISTRY_URL: z.url().optional(),
  SCHEMA_REGISTRY_USER: z.string().optional(),
  SCHEMA_REGISTRY_PASSWORD: z.string().optional(),
  S3_ENDPOINT: z.url().optional(),
  S3_BUCKET: z.string().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),

  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url().default('https://api.openai.com/v1'),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: z.url().default('https://api.anthropic.com/v1'),
  PARAPET_SANDBOX_URL: z.url().optional(),
  PARAPET_SANDBOX: flag(false),
});

export type Environment = z.infer<typeof schema>;

/** What is not built yet is refused by name, so that nobody believes it is on. */
const NOT_YET = ['INFLUX_URL', 'DATABASE_URL', 'REDIS_URL', 'TEMPORAL_ADDRESS'];

/** Reads and checks the environment. Throws PARAPET_CONFIG_INVALID with every mistake in its message. */
export function readEnvironment(source: NodeJS.ProcessEnv = process.env): Environment {
  const set = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const problems: string[] = [];
  for (const name of Object.keys(set)) {
    if (name.startsWith('PARAPET_') && !(name in schema.shape)) problems.push(`${name} is not a setting${nearest(name)}`);
  }
  for (const name of NOT_YET) if (set[name] !== undefined) problems.push(`${name} is set, but this version has no engine for it: unset it`);
  const parsed = schema.safeParse(set);
  if (!parsed.success) for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')}: ${issue.message}`);
  else problems.push(...crossChecks(parsed.data));
  if (problems.length > 0 || !parsed.success) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `The configuration is not valid:\n  ${problems.join('\n  ')}` });
  }
  return { ...parsed.data, PARAPET_DATA: resolve(parsed.data.PARAPET_DATA) };
}

function crossChecks(env: Environment): string[] {
  const problems: string[] = [];
  const together = (a: keyof Environment, b: keyof Environment) => {
    if ((env[a] === undefined) !== (env[b] === undefined)) problems.push(`${a} and ${b} must be set together`);
  };
  if (env.S3_ENDPOINT !== undefined && env.S3_BUCKET === undefined) problems.push('S3_BUCKET must be set with S3_ENDPOINT');
  together('S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY');
  together('ELASTICSEARCH_USER', 'ELASTICSEARCH_PASSWORD');
  if (env.ELASTICSEARCH_API_KEY !== undefined && env.ELASTICSEARCH_USER !== undefined) {
    problems.push('ELASTICSEARCH_API_KEY and ELASTICSEARCH_USER are two ways to log in: set one');
  }
  if (env.PARAPET_SPOOL_BYTES < 4 * env.PARAPET_BODY_LIMIT_BYTES) {
    problems.push('PARAPET_SPOOL_BYTES must be at least four times PARAPET_BODY_LIMIT_BYTES');
  }
  if (env.PARAPET_CONTENT_LIMIT_BYTES > 16 * MiB)
    problems.push('PARAPET_CONTENT_LIMIT_BYTES must be at most 16 MiB: a record of the log holds at most 64');
  problems.push(...kafkaChecks(env));
  return problems;
}

function kafkaChecks(env: Environment): string[] {
  const problems: string[] = [];
  if (env.PARAPET_DURABILITY === 'kafka' && env.KAFKA_BROKERS === undefined) problems.push('PARAPET_DURABILITY=kafka needs KAFKA_BROKERS');
  const set = (name: keyof Environment) => env[name] !== undefined;
  const files = ['KAFKA_SSL_CA_FILE', 'KAFKA_SSL_CERT_FILE', 'KAFKA_SSL_KEY_FILE'] as const;
  for (const name of files) if (set(name) && !env.KAFKA_SSL) problems.push(`${name} is set, but KAFKA_SSL is not true`);
  for (const name of files) if (env[name] !== undefined && !existsSync(env[name])) problems.push(`${name}: ${env[name]} is not there`);
  if (set('KAFKA_SSL_CERT_FILE') !== set('KAFKA_SSL_KEY_FILE')) {
    problems.push('KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE must be set together');
  }
  const mechanism = env.KAFKA_SASL_MECHANISM;
  const byPassword = mechanism !== undefined && mechanism !== 'OAUTHBEARER';
  for (const name of ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const) {
    if (byPassword && !set(name)) problems.push(`${name} must be set for ${mechanism}`);
    if (!byPassword && set(name)) problems.push(`${name} is set, but KAFKA_SASL_MECHANISM does not use it`);
  }
  const grant = ['KAFKA_SASL_OAUTH_TOKEN_URL', 'KAFKA_SASL_OAUTH_CLIENT_ID', 'KAFKA_SASL_OAUTH_CLIENT_SECRET'] as const;
  if (mechanism === 'OAUTHBEARER') {
    if (set('KAFKA_SASL_OAUTH_TOKEN_FILE') === grant.some(set) || (grant.some(set) && !grant.every(set))) {
      problems.push(`OAUTHBEARER needs either KAFKA_SASL_OAUTH_TOKEN_FILE or all of ${grant.join(', ')}`);
    }
  } else if ([...grant, 'KAFKA_SASL_OAUTH_TOKEN_FILE' as const].some(set)) {
    problems.push('KAFKA_SASL_OAUTH_… is set, but KAFKA_SASL_MECHANISM is not OAUTHBEARER');
  }
  const loopback = env.KAFKA_BROKERS?.every((broker) => /^(127\.\d+\.\d+\.\d+|localhost):/.test(broker)) ?? true;
  // PLAIN and OAUTHBEARER send what is as good as the password; SCRAM does not.
  if ((mechanism === 'PLAIN' || mechanism === 'OAUTHBEARER') && !env.KAFKA_SSL && !loopback && !env.KAFKA_ALLOW_PLAINTEXT_SASL) {
    problems.push(`${mechanism} without KAFKA_SSL sends credentials in the clear: set KAFKA_SSL, or KAFKA_ALLOW_PLAINTEXT_SASL=true`);
  }
  return problems;
}

function nearest(name: string): string {
  const words = new Set(name.split('_'));
  const close = Object.keys(schema.shape)
    .map((known) => ({ known, common: known.split('_').filter((word) => words.has(word)).length }))
    .sort((a, b) => b.common - a.common)[0];
  return close && close.common > 1 ? ` (did you mean ${close.known}?)` : '';
}

/** Folders and files below the data folder. */
export function dataPaths(env: Pick<Environment, 'PARAPET_DATA'>) {
  const at = (name: string) => join(env.PARAPET_DATA, name);
  return {
    log: at('log'),
    spool: at('spool'),
    registry: at('registry'),
    keys: at('keys'),
    clickhouse: at('clickhouse'),
    lake: at('lake'),
    /** What the first start made: API keys (hashed), the password of the embedded ClickHouse. */
    apiKeys: at('api-keys.json'),
    clickhousePassword: at('clickhouse.password'),
  };
}

/** A secret kept in a file of the data folder; undefined when the file is not there. */
export function readSecret(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
