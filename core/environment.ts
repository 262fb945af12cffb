/**
 * The one file that reads the environment. Everything is checked at once, before anything starts: a wrong deployment
 * fails in the first second with every mistake named, and a misspelt PARAPET_… is refused instead of ignored.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ParapetError } from './errors.ts';
import { detectionChecks, detectionSettings } from './settings/detection.ts';
import { evidenceChecks, evidenceSettings } from './settings/evidence.ts';
import { kafkaChecks, kafkaSettings } from './settings/kafka.ts';
import { bytes, flag, MiB, milliseconds, organisation } from './settings/kinds.ts';
import { retentionSettings } from './settings/retention.ts';
import { siemSettings, storeChecks, storeSettings } from './settings/stores.ts';
import { telemetrySettings } from './settings/telemetry.ts';
import { workflowChecks, workflowSettings } from './settings/workflows.ts';

const schema = z.object({
  PARAPET_DATA: z.string().default('.parapet'),
  PARAPET_ORG: organisation().default('default'),
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

  PARAPET_SPOOL_BYTES: bytes(1024 * MiB),
  PARAPET_DURABILITY: z.enum(['spool', 'kafka']).default('spool'),
  PARAPET_PARTITIONS: z.coerce.number().int().min(1).max(256).default(4),
  PARAPET_MASTER_KEY: z.string().optional(),
  PARAPET_PREVIOUS_MASTER_KEY: z.string().optional(),

  PARAPET_CLICKHOUSE_PORT: z.coerce.number().int().min(0).max(65_535).default(8123),
  PARAPET_CLICKHOUSE_LINGER_MS: milliseconds(400),
  PARAPET_LAKE_LINGER_MS: milliseconds(60_000),
  PARAPET_METRICS_HOST: z.string().default('127.0.0.1'),
  PARAPET_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(9464),

  ...detectionSettings,
  ...retentionSettings,
  ...kafkaSettings,
  ...storeSettings,
  ...siemSettings,
  ...telemetrySettings,
  ...evidenceSettings,
  ...workflowSettings,

  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url().default('https://api.openai.com/v1'),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: z.url().default('https://api.anthropic.com/v1'),
  PARAPET_SANDBOX_URL: z.url().optional(),
  PARAPET_SANDBOX: flag(false),
});

export type Environment = z.infer<typeof schema>;

export const SETTING_NAMES: readonly string[] = Object.keys(schema.shape);

/** What is not built yet is refused by name, so that nobody believes it is on. */
const NOT_YET = ['REDIS_URL'];

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

/** The environment without what Parapet reads, for a Parapet of its own: a demo or a drill must not reach the caller's stores. */
export function withoutSettings(source: NodeJS.ProcessEnv, keep = /^$/): NodeJS.ProcessEnv {
  const ours = (name: string) => name in schema.shape || NOT_YET.includes(name) || name.startsWith('PARAPET_');
  return Object.fromEntries(Object.entries(source).filter(([name]) => keep.test(name) || !ours(name)));
}

function crossChecks(env: Environment): string[] {
  const problems: string[] = [];
  if (env.PARAPET_SPOOL_BYTES < 4 * env.PARAPET_BODY_LIMIT_BYTES) {
    problems.push('PARAPET_SPOOL_BYTES must be at least four times PARAPET_BODY_LIMIT_BYTES');
  }
  if (env.PARAPET_CONTENT_LIMIT_BYTES > 16 * MiB)
    problems.push('PARAPET_CONTENT_LIMIT_BYTES must be at most 16 MiB: a record of the log holds at most 64');
  if (env.PARAPET_DURABILITY === 'kafka' && env.KAFKA_BROKERS === undefined) problems.push('PARAPET_DURABILITY=kafka needs KAFKA_BROKERS');
  problems.push(...detectionChecks(env), ...kafkaChecks(env), ...storeChecks(env), ...evidenceChecks(env), ...workflowChecks(env));
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
    /** Bundles of signatures that were published or accepted, the draft of the next one, and the key made by `keygen`. */
    signatures: at('signatures'),
    /** The model that `parapet train` made last. */
    models: at('models'),
    /** Reports under way, the archive of published ones, and this machine's own authority. */
    evidence: at('evidence'),
    /** How far interrupted replays are. */
    replays: at('replays'),
    /** What the first start made: API keys (hashed), the password of the embedded ClickHouse. */
    apiKeys: at('api-keys.json'),
    clickhousePassword: at('clickhouse.password'),
  };
}

/** A secret kept in a file of the data folder; undefined when the file is not there. */
export function readSecret(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
