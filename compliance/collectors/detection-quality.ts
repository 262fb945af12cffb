import { reason, words } from '../localized.ts';
import { fromAudit } from './audit.ts';

/** An evaluation says nothing about detection as it is a quarter later. */
export const EVALUATION_DAYS = 92;

export const detectionQuality = fromAudit({
  id: 'detection-quality',
  title: words('Evaluations of detection', 'Bewertungen der Erkennung', 'Évaluations de la détection', 'Evaluaciones de la detección'),
  actions: ['detection.evaluated'],
  of: 'platform',
  lookBackDays: () => EVALUATION_DAYS,
  details: {
    sha256: 'sha256',
    attacks: 'attacks',
    benign: 'benign',
    tpr_alert: 'tprAlert',
    fpr_alert: 'fprAlert',
    tpr_block: 'tprBlock',
    fpr_block: 'fprBlock',
    bounds_met: 'boundsMet',
    layers: 'layers',
  },
  empty: reason(
    words(
      'Detection was not evaluated in the {days} days before the end of the window. Run parapet eval FILE --record.',
      'Die Erkennung wurde in den {days} Tagen vor Ende des Zeitraums nicht bewertet. Führen Sie parapet eval DATEI --record aus.',
      'La détection n’a pas été évaluée pendant les {days} jours précédant la fin de la période. Lancez parapet eval FICHIER --record.',
      'La detección no se evaluó en los {days} días anteriores al final del periodo. Ejecute parapet eval ARCHIVO --record.',
    ),
    { days: EVALUATION_DAYS },
  ),
});
