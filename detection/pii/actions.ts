/**
 * What is done about sensitive data: hide it, replace it by a keyed hash (so that equal values stay equal for whoever
 * counts them), replace it by a token that the answer is restored from, or refuse the text. Pure: the key and the vault
 * are the caller's, the answer depends on nothing else.
 */
import { createHmac } from 'node:crypto';
import type { Found } from './find.ts';
import { replaceAll } from './masker.ts';
import type { Vault } from './vault.ts';

export type Action =
  | { kind: 'mask' }
  | { kind: 'hash'; key: string | Uint8Array }
  | { kind: 'tokenise'; vault: Vault }
  | { kind: 'block' }
  | { kind: 'allow' };

export type Treated =
  | { kind: 'passed'; text: string; counts: Record<string, number> }
  /** The text must go nowhere; `types` says what stood in it, each once. */
  | { kind: 'blocked'; types: string[] };

/** Characters of a hash that are shown: enough that two values in a tenant's log hardly ever share one. */
const HASH_LENGTH = 16;

/** Treats what was found in `text`, each match as `choose` says for its type. */
export function treat(text: string, found: readonly Found[], choose: (type: string) => Action): Treated {
  const actions = new Map<string, Action>();
  for (const { type } of found) if (!actions.has(type)) actions.set(type, choose(type));
  const blocked = [...actions].filter(([, { kind }]) => kind === 'block').map(([type]) => type);
  if (blocked.length > 0) return { kind: 'blocked', types: blocked.sort() };
  const treated = found.filter(({ type }) => actions.get(type)?.kind !== 'allow');
  const counts: Record<string, number> = {};
  for (const { label } of treated) counts[label] = (counts[label] ?? 0) + 1;
  const replaced = replaceAll(text, treated, (match) => replacementOf(match, text.slice(match.start, match.end), actions.get(match.type)));
  return { kind: 'passed', text: replaced, counts };
}

function replacementOf({ label, type }: Found, value: string, action: Action | undefined): string {
  switch (action?.kind) {
    case 'tokenise':
      return action.vault.tokenOf(label, value);
    case 'hash':
      return `[${label}:${createHmac('sha256', action.key).update(`${type}\n${value}`).digest('hex').slice(0, HASH_LENGTH)}]`;
    default:
      return `[${label}]`;
  }
}
