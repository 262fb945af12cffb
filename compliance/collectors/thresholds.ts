import { words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const thresholds = fromAudit({
  id: 'thresholds',
  title: words(
    'Bounds of detection that people changed',
    'Von Menschen geänderte Grenzwerte der Erkennung',
    'Seuils de détection modifiés par des personnes',
    'Umbrales de detección cambiados por personas',
  ),
  actions: ['thresholds.set', 'thresholds.cleared'],
  details: { alert: 'alert', block: 'block' },
  reasons: 'reason',
});
