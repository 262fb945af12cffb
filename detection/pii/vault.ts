/**
 * Tokens for values: the vendor reads `<EMAIL_1>`, the caller gets the address back. A vault lives as long as its
 * request. The subtle points: a user may write `<EMAIL_1>` himself, so every form that stands in the request is reserved
 * and never issued; and models restyle what they repeat, so a token is known in any case, escaped for markdown or HTML.
 */

export interface Vault {
  /** The token of a value; the same value of the same kind has the same token all through the request. */
  tokenOf(label: string, value: string): string;
  /** The text with every issued token replaced by its value, written through `write` (e.g. escaped for JSON). */
  restore(text: string, write?: (value: string) => string): string;
  /** The same for a text that comes in pieces. */
  restorer(write?: (value: string) => string): StreamStep;
}

/** A text that comes in pieces: what may go on after each, and what is left at the end. */
export interface StreamStep {
  push(chunk: string): string;
  end(): string;
}

const TOKEN = /(?:\\?<|&lt;) ?([A-Z](?:[A-Z0-9]|\\?_){0,40}?)\\?_(\d{1,6}) ?(?:\\?>|&gt;)/gi;
/** The end of a text that the next piece may turn into a token. */
const OPENED = /(?:(?:\\?<|&lt;) ?(?:[A-Z](?:[A-Z0-9]|\\?_){0,50}\\? ?(?:&(?:gt?)?)?)?|&(?:lt?)?|\\)$/i;
/** No token is longer. */
const MAX_TOKEN = 72;

/** A vault for a request that consists of these texts. */
export function createVault(texts: Iterable<string>): Vault {
  const reserved = new Set<string>();
  for (const text of texts) for (const [, label = '', number = ''] of text.matchAll(TOKEN)) reserved.add(keyOf(label, number));
  const tokens = new Map<string, string>();
  const values = new Map<string, string>();
  const last = new Map<string, number>();

  const restore = (text: string, write = (value: string): string => value): string =>
    text.replace(TOKEN, (all, label: string, number: string) => {
      const value = values.get(keyOf(label, number));
      return value === undefined ? all : write(value);
    });

  return {
    tokenOf(label, value) {
      const known = tokens.get(`${label}\n${value}`);
      if (known !== undefined) return known;
      let number = (last.get(label) ?? 0) + 1;
      while (reserved.has(keyOf(label, String(number)))) number++;
      last.set(label, number);
      const token = `<${label}_${number}>`;
      tokens.set(`${label}\n${value}`, token);
      values.set(keyOf(label, String(number)), value);
      return token;
    },
    restore,
    restorer(write) {
      let held = '';
      return {
        push(chunk) {
          const text = held + chunk;
          const tail = text.slice(-MAX_TOKEN);
          const from = OPENED.exec(tail)?.index ?? tail.length;
          held = tail.slice(from);
          return restore(text.slice(0, text.length - held.length), write);
        },
        end() {
          const rest = restore(held, write);
          held = '';
          return rest;
        },
      };
    },
  };
}

function keyOf(label: string, number: string): string {
  return `${label.replaceAll('\\', '').toUpperCase()}_${Number(number)}`;
}
