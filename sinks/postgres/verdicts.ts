/**
 * What analysts say, one row for each word. A word stays as it was said and a newer one takes its place, so who is right is asked
 * when it is asked (the view `verdicts_holding`): a verdict may come before the violation of its threat, and a rebuild may write
 * either first. A violation is found by its id, which is made from the threat's.
 */
import { derivedId } from '../../core/ids.ts';
import type { AnalystVerdict } from '../../schemas/types.ts';
import type { Session } from './connect.ts';
import type { Target } from './statements.ts';
import { microsOf, nameOf, textOf, timestampOf } from './values.ts';

/** A row of `verdicts`, with its columns' names. */
export type VerdictRow = { verdict_id: string } & Record<Exclude<(typeof COLUMNS)[number], 'verdict_id'>, string | null>;

const COLUMNS = [
  'verdict_id',
  'org',
  'occurred_at',
  'actor',
  'verdict',
  'threat_id',
  'interaction_id',
  'subject',
  'layer',
  'rule_id',
  'threat_type',
  'direction',
  'path',
  'note',
  'threat_at',
  'violation_id',
] as const;
const TYPES: Partial<Record<(typeof COLUMNS)[number], string>> = {
  occurred_at: 'timestamptz',
  threat_at: 'timestamptz',
  violation_id: 'uuid',
};

/** Throws Unfit when the record's times make no sense. */
export function projectVerdict(said: AnalystVerdict): VerdictRow {
  const { threatId, threatAt } = said;
  return {
    verdict_id: nameOf(said.verdictId),
    org: nameOf(said.org),
    occurred_at: timestampOf(microsOf(said.occurredAt, 'occurredAt')),
    actor: nameOf(said.actor),
    verdict: nameOf(said.verdict),
    threat_id: threatId === null ? null : nameOf(threatId),
    interaction_id: nameOf(said.interactionId),
    subject: nameOf(said.subject),
    layer: nameOf(said.layer),
    rule_id: nameOf(said.ruleId),
    threat_type: nameOf(said.threatType),
    direction: nameOf(said.direction),
    path: textOf(said.path),
    note: textOf(said.note),
    threat_at: threatAt === null ? null : timestampOf(microsOf(threatAt, 'threatAt')),
    violation_id: threatId === null ? null : violationOf(threatId),
  };
}

/** The id of the row that a blocked threat has in `violations`. */
export function violationOf(threatId: string): string {
  return derivedId('violation', 'threat', threatId);
}

/** The same word once more changes nothing, but that its subject may have been erased since. */
export async function applyVerdicts(session: Session, { schema }: Target, rows: readonly VerdictRow[]): Promise<void> {
  const names = COLUMNS.join(', ');
  const columns = COLUMNS.map((name) => `${name} ${TYPES[name] ?? 'text'}`).join(', ');
  const unique = [...new Map(rows.map((row) => [row.verdict_id, row])).values()];
  await session.query(
    `INSERT INTO "${schema}".verdicts AS t (${names})
    SELECT ${names} FROM jsonb_to_recordset($1::jsonb) AS r (${columns}) ORDER BY verdict_id COLLATE "C"
    ON CONFLICT (verdict_id) DO UPDATE SET ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    [JSON.stringify(unique)],
  );
}
