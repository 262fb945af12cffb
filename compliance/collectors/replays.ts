import { words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const replays = fromAudit({
  id: 'replays',
  title: words(
    'Views rebuilt and backups restored',
    'Neu aufgebaute Ansichten und wiederhergestellte Sicherungen',
    'Vues reconstruites et sauvegardes restaurées',
    'Vistas reconstruidas y copias restauradas',
  ),
  actions: ['view.replayed', 'drill.recorded'],
  where: `(action = 'view.replayed' OR details['kind'] IN ('restore', 'backup'))`,
  of: 'platform',
  lookBackDays: ({ settings }) => settings.objectives.drillDays,
  details: { kind: 'kind', passed: 'passed', source: 'source', restored_rows: 'rows', differences: 'differences' },
});
