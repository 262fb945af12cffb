import { words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const retentionApplied = fromAudit({
  id: 'retention-applied',
  title: words(
    'What retention removed',
    'Was die Aufbewahrungsregeln entfernt haben',
    'Ce que la conservation a supprimé',
    'Lo que eliminó la conservación',
  ),
  actions: ['retention.applied'],
  of: 'platform',
  expressions: {
    removed: `arrayStringConcat(arrayMap((name, said) -> concat(name, ' ', said), mapKeys(details), mapValues(details)), ', ')`,
  },
});
