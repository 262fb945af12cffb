import { reason, words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const drills = fromAudit({
  id: 'drills',
  title: words('Drills', 'Übungen', 'Exercices', 'Simulacros'),
  actions: ['drill.recorded'],
  of: 'platform',
  lookBackDays: ({ settings }) => settings.objectives.drillDays,
  details: {
    kind: 'kind',
    passed: 'passed',
    faults: 'faults',
    lost: 'lost',
    duplicated: 'duplicated',
    differences: 'differences',
    restored_rows: 'rows',
    sha256: 'sha256',
  },
  empty: reason(
    words(
      'No drill was recorded within its validity. Run one and record it: parapet drill record --kind chaos --file result.json.',
      'Innerhalb der Gültigkeit wurde keine Übung festgehalten. Führen Sie eine durch und halten Sie sie fest: parapet drill record --kind chaos --file result.json.',
      'Aucun exercice n’a été consigné dans sa période de validité. Faites-en un et consignez-le : parapet drill record --kind chaos --file result.json.',
      'No se registró ningún simulacro dentro de su validez. Haga uno y regístrelo: parapet drill record --kind chaos --file result.json.',
    ),
  ),
});
