import { words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const quarantines = fromAudit({
  id: 'quarantines',
  title: words(
    'Quarantines set and lifted',
    'Verhängte und aufgehobene Quarantänen',
    'Quarantaines posées et levées',
    'Cuarentenas impuestas y levantadas',
  ),
  actions: ['quarantine.set', 'quarantine.lifted'],
  details: { until: 'until', incident: 'incident' },
  // Of a lifted one `reason` is why it was set.
  expressions: { reason_given: `details[if(action = 'quarantine.set', 'reason', 'why')] != ''` },
});
