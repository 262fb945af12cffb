/** What was decided about evidence packages; the event's actor decides, its detail names who made the package. */
import { words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const approvals = fromAudit({
  id: 'approvals',
  title: words(
    'Approvals of evidence packages',
    'Freigaben von Nachweispaketen',
    'Approbations de dossiers de preuves',
    'Aprobaciones de paquetes de evidencias',
  ),
  actions: ['evidence.approved', 'evidence.refused', 'evidence.published'],
  lookBackDays: () => 366,
  details: { author: 'author', framework: 'framework' },
});
