/**
 * Hostile text made fit to be looked at: a terminal obeys escape sequences, a bidirectional control turns a line round,
 * and what is invisible is what a reader should see. So all of these are written as their code points.
 */

/** As many characters of a text as a person needs to recognise it. */
const MAX_SHOWN = 160;
/** Controls, lone surrogates, private and unassigned code points, line separators, and whatever is invisible by intent. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** On one line and at most `limit` characters long. */
export function shown(text: string, limit = MAX_SHOWN): string {
  let out = '';
  for (const sign of text) {
    const next = sign === '\n' ? '\\n' : UNSEEN.test(sign) ? `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}` : sign;
    if (out.length + next.length >= limit) return `${out}…`;
    out += next;
  }
  return out;
}
