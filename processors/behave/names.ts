/** What stands in a state's key for a person or a conversation: a digest, made as pseudonyms are, so that an erasure finds it. */

import type { KeyStore } from '../../keys/port.ts';
import { digestOf } from '../../keys/pseudonym.ts';

/** Those of a busy hour, so that each costs one HMAC. */
const REMEMBERED = 20_000;

export function createNames(keys: Pick<KeyStore, 'hashKey'>): (org: string, text: string) => string {
  const names = new Map<string, string>();
  return (org, text) => {
    // Whoever makes an org's name end as another's text begins gains nothing: neither holds a line break.
    const known = `${org}\n${text}`;
    let name = names.get(known);
    if (name === undefined) {
      name = digestOf(keys, org, text);
      if (names.size >= REMEMBERED) names.clear();
      names.set(known, name);
    }
    return name;
  };
}
