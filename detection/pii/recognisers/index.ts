/** All recognisers. Credentials come from the signatures that already know them by vendor: one list for both. */
import { looksRandom } from '../../checks.ts';
import { secrets } from '../../signatures/secrets.ts';
import type { Recogniser } from '../recogniser.ts';
import { contact } from './contact.ts';
import { europe } from './europe.ts';
import { finance } from './finance.ts';
import { personal } from './personal.ts';
import { world } from './world.ts';

/** The signature of passwords is left out: the recogniser of passwords marks the password alone. */
const PASSWORD_SIGNATURE = 'SL-0027';

const credentials: Recogniser[] = secrets
  .filter(({ id }) => id !== PASSWORD_SIGNATURE)
  .map(({ id, pattern, flags = '', check, anchors, positive, negative }) => ({
    id: id.toLowerCase(),
    type: 'SECRET',
    pattern: new RegExp(pattern, `g${flags}`),
    ...(check === 'entropy' ? { valid: looksRandom, needs: { words: anchors, digits: 1 } } : { needs: { words: anchors } }),
    confidence: 1,
    positive,
    negative,
  }));

export const recognisers: readonly Recogniser[] = [...credentials, ...contact, ...finance, ...personal, ...europe, ...world];
