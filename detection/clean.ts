/**
 * Texts that were inspected before and held nothing: a conversation sends its system prompt and earlier turns again with
 * every turn. The subtle points: a text is known by all of its characters, never by a hash, so nothing can be made to
 * pass for it; and it is kept from its second visit on, so that what comes once costs a glance and no memory.
 */

/** What inspecting a text used up, so that skipping it leaves an inspection's bounds where they would be. */
export interface Spent {
  scanned: number;
  decoded: number;
  respelled: number;
}

export interface CleanTexts {
  /** Undefined when the text is not known as clean in this scope. */
  find(scope: string, text: string): Spent | undefined;
  /** Remembers a text that held nothing, unless this is the first time it was seen. */
  add(scope: string, text: string, spent: Spent): void;
}

const SHORTEST = 32;
const LONGEST = 32 << 10;
/** What an entry costs besides its characters, in characters. */
const OVERHEAD = 64;
const VISITORS = 8192;

/** Room for `maxChars` characters; the half that was longest without a visit goes first. */
export function createCleanTexts(maxChars: number): CleanTexts {
  let young = new Map<string, Map<string, Spent>>();
  let old: typeof young = new Map();
  let size = 0;
  /** Marks of texts that came by lately; one that is overwritten only makes a text wait for another visit. */
  const visitors = new Int32Array(VISITORS);

  function keep(scope: string, text: string, spent: Spent): void {
    if (size + text.length + OVERHEAD > maxChars / 2) {
      old = young;
      young = new Map();
      size = 0;
    }
    let texts = young.get(scope);
    if (texts === undefined) {
      texts = new Map();
      young.set(scope, texts);
    }
    texts.set(text, spent);
    size += text.length + OVERHEAD;
  }

  return {
    find(scope, text) {
      if (!fits(text)) return undefined;
      const mark = markOf(text);
      if (visitors[mark & (VISITORS - 1)] !== mark) return undefined;
      const known = young.get(scope)?.get(text);
      if (known !== undefined) return known;
      const older = old.get(scope)?.get(text);
      if (older !== undefined) keep(scope, text, older);
      return older;
    },
    add(scope, text, spent) {
      if (!fits(text)) return;
      const mark = markOf(text);
      if (visitors[mark & (VISITORS - 1)] === mark) keep(scope, text, spent);
      else visitors[mark & (VISITORS - 1)] = mark;
    },
  };
}

function fits(text: string): boolean {
  return text.length >= SHORTEST && text.length <= LONGEST;
}

/** A cheap mark of a text: its length and a few of its characters. Many texts may share one. */
function markOf(text: string): number {
  let mark = text.length;
  const step = text.length >> 4;
  for (let i = 0; i < text.length; i += step) mark = (Math.imul(mark, 0x9e3779b1) ^ text.charCodeAt(i)) >>> 0;
  mark = Math.imul(mark ^ (mark >>> 15), 0x85ebca6b);
  return mark ^ (mark >>> 13);
}
