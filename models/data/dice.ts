/** Dice named by words: what one language draws does not change when another language, or a file, is added. */
import { mulberry32 } from '../../core/dice.ts';

export type Dice = () => number;

export function diceOf(...names: (string | number)[]): Dice {
  let hash = 0x811c9dc5;
  for (const character of names.join('/')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return mulberry32(hash);
}

export function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  return items
    .map((item) => ({ item, place: dice() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
