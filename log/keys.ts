/**
 * Keys that live beside another. What stands behind the separator tells records apart (compaction goes by the whole key) and
 * has no part in where they live: the state that a processor keeps for `org/agent` is in the partition of that number of
 * its own topic, wherever the events of `org/agent` are.
 */

/** A control character, which no header and hardly an agent's name can hold; in one that does, it changes nothing for its own order. */
export const BESIDE = '\u001f';

export function keyBeside(key: string, name: string): string {
  return `${key}${BESIDE}${name}`;
}

/** The part of a key that decides its partition. */
export function placingPart(key: string): string {
  const at = key.indexOf(BESIDE);
  return at < 0 ? key : key.slice(0, at);
}

/** What stands behind the separator; empty when there is none. */
export function nameBeside(key: string): string {
  const at = key.lastIndexOf(BESIDE);
  return at < 0 ? '' : key.slice(at + 1);
}
