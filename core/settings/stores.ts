/** The stores that views are kept in, when they are not this machine's own folders, and the schema registry. */
import { z } from 'zod';
import { flag, list, milliseconds } from './kinds.ts';

/** A name that goes into statements as it stands. */
const word = () => z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, dash and underscore');

export const storeSettings = {
  CLICKHOUSE_URL: z.url().optional(),
  CLICKHOUSE_USER: z.string().optional(),
  CLICKHOUSE_PASSWORD: z.string().optional(),
  CLICKHOUSE_DATABASE: z.string().optional(),
  CLICKHOUSE_ENGINE: z.enum(['merge-tree', 'replicated']).default('merge-tree'),
  CLICKHOUSE_CLUSTER: word().optional(),
  CLICKHOUSE_STORAGE_POLICY: word().optional(),
  CLICKHOUSE_COLD_VOLUME: word().optional(),
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
  S3_COLD_STORAGE_CLASS: z
    .string()
    .regex(/^[A-Z_]+$/, 'a storage class such as GLACIER_IR')
    .optional(),

  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'postgres://user:password@host:port/database' }).optional(),
  POSTGRES_SCHEMA: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,40}$/, 'lower-case letters, digits and underscore')
    .default('parapet'),
  POSTGRES_CA_FILE: z.string().optional(),
  POSTGRES_POOL: z.coerce.number().int().positive().default(4),
  POSTGRES_TIMEOUT_MS: milliseconds(30_000),

  INFLUX_URL: z.url().optional(),
  INFLUX_TOKEN: z.string().optional(),
  INFLUX_ORG: z.string().optional(),
  INFLUX_BUCKET: z.string().default('parapet'),
  INFLUX_CA_FILE: z.string().optional(),
  INFLUX_TIMEOUT_MS: milliseconds(30_000),
  INFLUX_QUERY_TIMEOUT_MS: milliseconds(300_000),
  INFLUX_MAX_USERS: z.coerce.number().int().positive().default(1_000),
  INFLUX_MAX_AGENTS: z.coerce.number().int().positive().default(200),
  INFLUX_MAX_MODELS: z.coerce.number().int().positive().default(100),
};

export const siemSettings = {
  SIEM_MIN_SEVERITY: z.enum(['low', 'medium', 'high', 'critical']).default('low'),

  SIEM_SYSLOG_URL: z
    .url({ protocol: /^(tcp|tls)$/, error: 'tls://host:port or tcp://host:port' })
    .refine((url) => new URL(url).port !== '', 'the port must be named')
    .optional(),
  SIEM_SYSLOG_FORMAT: z.enum(['cef', 'ocsf']).default('cef'),
  SIEM_SYSLOG_SERVER_NAME: z.string().optional(),
  SIEM_SYSLOG_CA_FILE: z.string().optional(),
  SIEM_SYSLOG_CERT_FILE: z.string().optional(),
  SIEM_SYSLOG_KEY_FILE: z.string().optional(),
  SIEM_SYSLOG_KEY_PASSPHRASE: z.string().optional(),
  SIEM_SYSLOG_FACILITY: z.coerce.number().int().min(0).max(23).default(16),
  SIEM_SYSLOG_HOSTNAME: z.string().optional(),
  SIEM_SYSLOG_MAX_MESSAGE_BYTES: z.coerce.number().int().min(1_024).default(8_192),
  SIEM_SYSLOG_RESEND_WINDOW_MS: milliseconds(5_000),

  SIEM_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  SIEM_WEBHOOK_SECRETS: list()
    .pipe(z.array(z.string().startsWith('whsec_')).min(1).max(2))
    .optional(),
  SIEM_WEBHOOK_FORMAT: z.enum(['json', 'ocsf']).default('json'),
  SIEM_WEBHOOK_CONCURRENCY: z.coerce.number().int().positive().default(8),
  SIEM_WEBHOOK_ALLOW_PRIVATE_NETWORKS: flag(false),
  SIEM_WEBHOOK_ALLOW_HTTP: flag(false),
  SIEM_WEBHOOK_CA_FILE: z.string().optional(),

  SIEM_HEC_URL: z.url({ protocol: /^https?$/ }).optional(),
  SIEM_HEC_TOKEN: z.string().optional(),
  SIEM_HEC_FORMAT: z.enum(['json', 'ocsf']).default('json'),
  SIEM_HEC_INDEX: z.string().optional(),
  SIEM_HEC_SOURCETYPE: z.string().optional(),
  SIEM_HEC_ACKNOWLEDGE: flag(false),
  SIEM_HEC_CA_FILE: z.string().optional(),
};

type StoreSettings = z.infer<z.ZodObject<typeof storeSettings>> & z.infer<z.ZodObject<typeof siemSettings>>;

export function storeChecks(env: StoreSettings): string[] {
  const problems: string[] = [];
  const together = (...names: (keyof StoreSettings)[]) => {
    const set = names.filter((name) => env[name] !== undefined);
    if (set.length > 0 && set.length < names.length) problems.push(`${names.join(', ')} must be set together`);
  };
  if (env.S3_ENDPOINT !== undefined && env.S3_BUCKET === undefined) problems.push('S3_BUCKET must be set with S3_ENDPOINT');
  together('S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY');
  together('ELASTICSEARCH_USER', 'ELASTICSEARCH_PASSWORD');
  if (env.ELASTICSEARCH_API_KEY !== undefined && env.ELASTICSEARCH_USER !== undefined) {
    problems.push('ELASTICSEARCH_API_KEY and ELASTICSEARCH_USER are two ways to log in: set one');
  }
  for (const name of ['CLICKHOUSE_CLUSTER', 'CLICKHOUSE_STORAGE_POLICY'] as const) {
    if (env[name] !== undefined && env.CLICKHOUSE_URL === undefined) problems.push(`${name} needs CLICKHOUSE_URL`);
  }
  if (env.CLICKHOUSE_ENGINE === 'replicated' && env.CLICKHOUSE_URL === undefined)
    problems.push('CLICKHOUSE_ENGINE=replicated needs CLICKHOUSE_URL');
  if (env.CLICKHOUSE_CLUSTER !== undefined && env.CLICKHOUSE_ENGINE !== 'replicated') {
    problems.push('CLICKHOUSE_CLUSTER needs CLICKHOUSE_ENGINE=replicated: else each of its servers would hold a part of the rows');
  }
  if (env.CLICKHOUSE_COLD_VOLUME !== undefined && env.CLICKHOUSE_STORAGE_POLICY === undefined) {
    problems.push('CLICKHOUSE_COLD_VOLUME needs CLICKHOUSE_STORAGE_POLICY, whose volume it is');
  }
  if (env.S3_COLD_STORAGE_CLASS !== undefined && env.S3_BUCKET === undefined) problems.push('S3_COLD_STORAGE_CLASS needs S3_BUCKET');
  together('INFLUX_URL', 'INFLUX_TOKEN', 'INFLUX_ORG');
  together('SIEM_SYSLOG_CERT_FILE', 'SIEM_SYSLOG_KEY_FILE');
  together('SIEM_WEBHOOK_URL', 'SIEM_WEBHOOK_SECRETS');
  together('SIEM_HEC_URL', 'SIEM_HEC_TOKEN');
  return problems;
}
