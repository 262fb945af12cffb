import { words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const clearTextAccess = fromAudit({
  id: 'clear-text-access',
  title: words('Readings of clear text', 'Lesezugriffe auf Klartext', 'Lectures de texte en clair', 'Lecturas de texto en claro'),
  actions: ['content.read'],
  reasons: 'reason',
});
