/**
 * Collectors that read some actions of the audit table. What Parapet does for all organisations (rules, models, settings,
 * drills) is recorded under the organisation that runs it: such collectors name both.
 * A reason is free text and may name somebody, so evidence only says whether one was given.
 */
import type { Localized, Reason } from '../types.ts';
import type { ColumnName } from './columns.ts';
import type { CollectContext, EvidenceCollector } from './context.ts';
import { fromQuery, iso, PAST_DAYS } from './sql.ts';

export interface AuditCollector {
  id: string;
  title: Localized;
  actions: readonly string[];
  /** Of this organisation alone without; `platform` also what was done for all. */
  of?: 'platform';
  /** Column → name of the detail. */
  details?: Readonly<Partial<Record<ColumnName, string>>>;
  /** Column → SQL, where no single detail says it. */
  expressions?: Readonly<Partial<Record<ColumnName, string>>>;
  /** Adds whether a reason was given, in the detail of this name. */
  reasons?: 'reason' | 'why';
  /** SQL that narrows the actions further. */
  where?: string;
  /** Also so many days before the window's end: what holds until it expires. */
  lookBackDays?: (context: CollectContext) => number;
  empty?: Reason;
}

const BASE = ['occurred_at', 'actor', 'action', 'target', 'outcome'] as const;

export function fromAudit({ id, title, actions, of, details = {}, expressions = {}, ...spec }: AuditCollector): EvidenceCollector {
  const { reasons, where, lookBackDays, empty } = spec;
  const named = Object.entries(details).map(([column, detail]) => `details['${detail}'] AS ${column}`);
  const said = Object.entries(expressions).map(([column, sql]) => `${sql} AS ${column}`);
  const given = reasons === undefined ? [] : [`details['${reasons}'] != '' AS reason_given`];
  const since = lookBackDays === undefined ? `{from:DateTime64(6, 'UTC')}` : `{to:DateTime64(6, 'UTC')} - toIntervalDay({days:UInt32})`;
  const orgs = of === 'platform' ? 'org IN ({org:String}, {platform:String})' : 'org = {org:String}';
  return fromQuery({
    id,
    title,
    columns: [
      ...BASE,
      ...(Object.keys({ ...details, ...expressions }) as ColumnName[]),
      ...(reasons === undefined ? [] : (['reason_given'] as const)),
    ],
    validDays: PAST_DAYS,
    sql: `SELECT ${[`${iso('a.occurred_at')} AS occurred_at`, ...BASE.slice(1), ...named, ...said, ...given].join(', ')}
FROM audit AS a
WHERE ${orgs} AND action IN (${actions.map((action) => `'${action}'`).join(', ')})
  AND a.occurred_at >= ${since} AND a.occurred_at < {to:DateTime64(6, 'UTC')}${where === undefined ? '' : `\n  AND ${where}`}
ORDER BY a.occurred_at, audit_id`,
    parameters: (context) => ({
      ...(of === 'platform' ? { platform: context.env.PARAPET_ORG } : {}),
      ...(lookBackDays === undefined ? {} : { days: lookBackDays(context) }),
    }),
    ...(empty === undefined ? {} : { empty }),
  });
}
