/** Which rules each gateway used and when, and every bundle that was published, taken or refused. */
import { words } from '../localized.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { ask, iso, PAST_DAYS, within } from './sql.ts';

const SHAPE = columns('kind', 'gateway', 'version', 'mode', 'first_seen', 'last_seen', 'interactions', 'rules', 'key_id', 'restores');

const IN_USE = `SELECT 'in use' AS kind, gateway_id AS gateway, inline_signature_version AS version, '' AS mode, ${iso('min(started_at)')} AS first_seen,
  ${iso('max(started_at)')} AS last_seen, toInt64(count()) AS interactions, '' AS rules, '' AS key_id, '' AS restores
FROM interactions
WHERE ${within('started_at')} AND inspect_mode != 'off'
GROUP BY gateway, version
ORDER BY gateway, last_seen, version`;

/** A bundle that was published before the window may be the one in use. */
const PUBLISHED = `SELECT action AS kind, actor AS gateway, if(details['bundle'] = '', replaceOne(target, 'signatures/', ''), details['bundle']) AS version,
  details['mode'] AS mode, ${iso('occurred_at')} AS first_seen, first_seen AS last_seen, details['rules'] AS rules, details['keyId'] AS key_id,
  details['restores'] AS restores
FROM audit
WHERE org IN ({org:String}, {platform:String}) AND occurred_at < {to:DateTime64(6, 'UTC')}
  AND action IN ('signatures.published', 'signatures.taken', 'signatures.refused')
ORDER BY occurred_at, audit_id`;

export const signatureBundles: EvidenceCollector = {
  id: 'signature-bundles',
  version: 1,
  title: words('Versions of the rules', 'Versionen der Regeln', 'Versions des règles', 'Versiones de las reglas'),
  source: 'clickhouse',
  columns: SHAPE,
  validDays: PAST_DAYS,
  async collect(context) {
    const used = await ask(context, { sql: IN_USE, most: 10_000 }, SHAPE);
    const published = await ask(context, { sql: PUBLISHED, most: 10_000, parameters: ({ env }) => ({ platform: env.PARAPET_ORG }) }, SHAPE);
    const reached = used.parameters['row_limit_reached'] === true || published.parameters['row_limit_reached'] === true;
    return {
      query: `${used.query};\n${published.query}`,
      parameters: { ...published.parameters, row_limit_reached: reached },
      rows: [...used.rows, ...published.rows],
    };
  },
};
