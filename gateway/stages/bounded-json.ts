/**
 * Content as JSON within a bound. What goes first is binary data (a picture's bytes are replaced by their length and
 * hash), then the ends of the longest texts: an auditor still sees who said what, and that something was cut.
 */
import { createHash } from 'node:crypto';

/** `limit` is in bytes of UTF-8. */
export function boundedJson(value: unknown, limit: number): { text: string; truncated: boolean } {
  const whole = JSON.stringify(value);
  if (fits(whole, limit)) return { text: whole, truncated: false };
  const slim = JSON.stringify(value, (key, each) =>
    key === 'data' && typeof each === 'string' && each.length > 1_024 ? digestOf(each) : each,
  );
  if (fits(slim, limit)) return { text: slim, truncated: true };
  for (let longest = Math.floor(limit / 4); longest >= 64; longest = Math.floor(longest / 4)) {
    const cut = JSON.stringify(JSON.parse(slim), (_, each) =>
      typeof each === 'string' && each.length > longest ? `${each.slice(0, longest)}… [${each.length} characters]` : each,
    );
    if (fits(cut, limit)) return { text: cut, truncated: true };
  }
  // Very many small pieces: what remains is the fact, the size and the hash.
  return {
    text: JSON.stringify({
      messages: [],
      tools: [],
      choices: [],
      omitted: { bytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex') },
    }),
    truncated: true,
  };
}

/** A UTF-16 unit is at most three bytes of UTF-8, so most texts need no counting. */
function fits(text: string, limit: number): boolean {
  return text.length * 3 <= limit || (text.length <= limit && Buffer.byteLength(text) <= limit);
}

function digestOf(data: string): string {
  return `[${data.length} characters of base64, sha256 ${createHash('sha256').update(data).digest('hex')}]`;
}
