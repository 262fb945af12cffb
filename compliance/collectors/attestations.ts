/** Who attested what, and until when. The statement itself stands with the requirement that it answers. */
import { words } from '../localized.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { STATE_DAYS, standing } from './sql.ts';

export const attestations: EvidenceCollector = {
  id: 'attestations',
  version: 1,
  title: words('Attestations', 'Bestätigungen durch Personen', 'Attestations', 'Declaraciones'),
  source: 'log',
  columns: columns('framework', 'requirement', 'actor', 'occurred_at', 'expires_at'),
  validDays: STATE_DAYS,
  async collect(context) {
    const rows = (await context.attestations())
      .map(({ framework, requirement, by, at, expiresAt }) => ({
        framework,
        requirement,
        actor: by,
        occurred_at: at,
        expires_at: expiresAt,
      }))
      .sort((a, b) => order(a).localeCompare(order(b)));
    return { query: 'attestations that are recorded', parameters: standing(context), rows };
  },
};

const order = (row: { framework: string; requirement: string; occurred_at: string; actor: string }) =>
  [row.framework, row.requirement, row.occurred_at, row.actor].join('\n');
