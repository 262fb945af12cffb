/** Short ways to say the same in every language of a reader. */
import type { Cell, Localized, Reason } from './types.ts';

export function words(en: string, de: string, fr: string, es: string): Localized {
  return { en, de, fr, es };
}

export function reason(text: Localized, values: Readonly<Record<string, Cell>> = {}): Reason {
  return { text, values };
}
