/** The organisation's API keys: their ids and ages, and when each last reached a vendor. Keys that traffic knows and the file does not are told too. */
import { reason, words } from '../localized.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { ask, gap, iso, STATE_DAYS, within } from './sql.ts';

const SHAPE = columns('key_id', 'agent', 'may_name_agent', 'created_at', 'interactions', 'first_seen', 'last_seen', 'state');

const USED = `SELECT api_key_id AS key_id, '' AS agent, toInt64(count()) AS interactions, ${iso('min(started_at)')} AS first_seen, ${iso('max(started_at)')} AS last_seen
FROM interactions
WHERE ${within('started_at')} AND vendor != ''
GROUP BY key_id
ORDER BY key_id`;

export const apiKeys: EvidenceCollector = {
  id: 'api-keys',
  version: 1,
  title: words('API keys', 'API-Schlüssel', 'Clés d’API', 'Claves de API'),
  source: 'configuration',
  columns: SHAPE,
  validDays: STATE_DAYS,
  async collect(context) {
    const keys = context.apiKeys();
    if (keys === undefined) return gap(context, 'file of API keys', NO_FILE);
    const { query, parameters, rows } = await ask(context, { sql: USED }, SHAPE);
    const used = new Map(rows.map((row) => [row['key_id'], row]));
    const known = keys.filter(({ org }) => org === context.org);
    const listed = known.map(({ keyId, agentId, mayNameAgent, createdAt }) => {
      const { interactions = 0, first_seen = null, last_seen = null } = used.get(keyId) ?? {};
      return {
        key_id: keyId,
        agent: agentId,
        may_name_agent: mayNameAgent,
        created_at: createdAt,
        interactions,
        first_seen,
        last_seen,
        state: 'known',
      };
    });
    const others = rows
      .filter(({ key_id }) => known.every(({ keyId }) => keyId !== key_id))
      .map((row) => ({ ...row, may_name_agent: null, created_at: null, state: row['key_id'] === '' ? 'no key' : 'gone' }));
    return { query: `file of API keys;\n${query}`, parameters, rows: [...listed, ...others] };
  },
};

const NO_FILE = reason(
  words(
    'This machine has no file of API keys. Collect where the gateway runs, or set PARAPET_API_KEYS_FILE.',
    'Auf diesem Rechner gibt es keine Datei mit API-Schlüsseln. Sammeln Sie dort, wo das Gateway läuft, oder setzen Sie PARAPET_API_KEYS_FILE.',
    'Cette machine n’a pas de fichier de clés d’API. Collectez là où tourne la passerelle, ou définissez PARAPET_API_KEYS_FILE.',
    'Esta máquina no tiene archivo de claves de API. Recopile donde funciona la pasarela o defina PARAPET_API_KEYS_FILE.',
  ),
);
