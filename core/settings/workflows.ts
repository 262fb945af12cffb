/** Temporal, which keeps workflows going over crashes; reports that come by themselves; who is waited for when an incident opens. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { flag, list } from './kinds.ts';

const KINDS = ['day', 'month', 'quarter', 'year'] as const;
const words = <const Names extends readonly [string, ...string[]]>(names: Names, fallback: string) =>
  list()
    .pipe(z.array(z.enum(names)).min(1))
    .prefault(fallback);

export const workflowSettings = {
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[A-Za-z0-9._-]+:\d{1,5}$/, 'host:port')
    .optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TLS: flag(false),
  TEMPORAL_TLS_CA_FILE: z.string().optional(),
  TEMPORAL_TLS_CERT_FILE: z.string().optional(),
  TEMPORAL_TLS_KEY_FILE: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_API_KEY: z.string().optional(),

  PARAPET_TASK_QUEUE: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, dot, dash and underscore')
    .default('parapet'),
  PARAPET_REPORT_SCHEDULES: list()
    .pipe(
      z.array(
        z.string().transform((text, context) => {
          const [, framework, kind] = /^(.+):(day|month|quarter|year)$/.exec(text) ?? [];
          if (framework !== undefined) return { framework, kind: kind as (typeof KINDS)[number] };
          context.addIssue({ code: 'custom', message: `"${text}" is not FRAMEWORK:day, :month, :quarter or :year` });
          return z.NEVER;
        }),
      ),
    )
    .prefault(''),
  PARAPET_REPORT_LANGUAGES: words(['en', 'de', 'fr', 'es'], 'en'),
  PARAPET_REPORT_FORMATS: words(['pdf', 'xlsx', 'html', 'csv', 'oscal-results', 'oscal-component'], 'pdf,xlsx,oscal-results'),

  PARAPET_TRIAGE_MINUTES: z.coerce.number().positive().max(43_200).default(30),
  PARAPET_TRIAGE_CONTAIN: flag(false),
};

type WorkflowSettings = z.infer<z.ZodObject<typeof workflowSettings>>;

export function workflowChecks(env: WorkflowSettings): string[] {
  const problems: string[] = [];
  const files = ['TEMPORAL_TLS_CA_FILE', 'TEMPORAL_TLS_CERT_FILE', 'TEMPORAL_TLS_KEY_FILE'] as const;
  for (const name of files) {
    const path = env[name];
    if (path === undefined) continue;
    if (!env.TEMPORAL_TLS) problems.push(`${name} is set, but TEMPORAL_TLS is not true`);
    if (!existsSync(path)) problems.push(`${name}: ${path} is not there`);
  }
  if ((env.TEMPORAL_TLS_CERT_FILE === undefined) !== (env.TEMPORAL_TLS_KEY_FILE === undefined)) {
    problems.push('TEMPORAL_TLS_CERT_FILE and TEMPORAL_TLS_KEY_FILE must be set together');
  }
  if (env.TEMPORAL_API_KEY !== undefined && !env.TEMPORAL_TLS) {
    problems.push('TEMPORAL_API_KEY needs TEMPORAL_TLS=true: it would go over the network as it is');
  }
  const names = env.PARAPET_REPORT_SCHEDULES.map(({ framework, kind }) => `${framework}:${kind}`);
  for (const name of new Set(names)) {
    if (names.indexOf(name) !== names.lastIndexOf(name)) problems.push(`PARAPET_REPORT_SCHEDULES has ${name} twice`);
  }
  return problems;
}
