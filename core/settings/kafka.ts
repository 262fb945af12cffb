/** Where the event log is, when it is Kafka, and how to log in there. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { flag, list } from './kinds.ts';

export const kafkaSettings = {
  KAFKA_BROKERS: list()
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
};

type KafkaSettings = z.infer<z.ZodObject<typeof kafkaSettings>>;

export function kafkaChecks(env: KafkaSettings): string[] {
  const problems: string[] = [];
  const set = (name: keyof KafkaSettings) => env[name] !== undefined;
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
