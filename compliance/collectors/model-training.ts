import { words } from '../localized.ts';
import { fromAudit } from './audit.ts';

export const modelTraining = fromAudit({
  id: 'model-training',
  title: words(
    'Training and promotion of models',
    'Training und Freigabe von Modellen',
    'Entraînement et mise en service des modèles',
    'Entrenamiento y promoción de modelos',
  ),
  actions: ['model.trained', 'signatures.published'],
  of: 'platform',
  where: `(action = 'model.trained' OR details['modelBase'] != '')`,
  details: {
    base: 'modelBase',
    taught: 'taught',
    held_back: 'heldBack',
    current_alert: 'currentAlert',
    candidate_alert: 'candidateAlert',
    better: 'better',
    key_id: 'keyId',
  },
});
