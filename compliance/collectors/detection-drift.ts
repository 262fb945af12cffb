import { reason, words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const detectionDrift = fromAudit({
  id: 'detection-drift',
  title: words('Watch over drift', 'Überwachung auf Drift', 'Surveillance des dérives', 'Vigilancia de la deriva'),
  actions: ['detection.drifted', 'detection.watched'],
  of: 'platform',
  details: { measure: 'measure', index: 'index' },
  empty: reason(
    words(
      'Nobody watched whether what detection sees has changed. Let parapet stream run: it looks every hour and notes it every day.',
      'Niemand hat überwacht, ob sich verändert hat, was die Erkennung sieht. Lassen Sie parapet stream laufen: Es misst stündlich und vermerkt es täglich.',
      'Personne n’a surveillé si ce que voit la détection a changé. Laissez tourner parapet stream : il mesure chaque heure et le note chaque jour.',
      'Nadie vigiló si ha cambiado lo que ve la detección. Mantenga en marcha parapet stream: mide cada hora y lo anota cada día.',
    ),
  ),
});
