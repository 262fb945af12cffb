/**
 * How a test or a demo tells the sandbox to misbehave: `key=value` pairs, comma separated, in the header `x-sandbox`
 * or as `[[sandbox: …]]` in the last user text. Subtle: the header wins, and what is neither a known key nor a number
 * is reported, so that a misspelt directive never passes for a healthy vendor.
 */

export interface Directives {
  /** Wait before the first byte. */
  delay_ms: number;
  /** Wait before every stream frame. */
  chunk_delay_ms: number;
  /** Answer with this error status. */
  status: number;
  /** Seconds in the `retry-after` header of an error. */
  retry_after: number;
  /** Destroy the socket after so many frames. */
  cut_after: number;
  /** End the response cleanly, but without the end mark, after so many frames. */
  cut_clean_after: number;
  /** Report an error inside the stream after so many frames. */
  error_after: number;
  /** Answer something that is not JSON. */
  garbage: number;
  /** Write in pieces that end in the middle of a multi-byte character. */
  half_utf8: number;
  /** Frame the stream with CRLF. */
  crlf: number;
  /** Write every frame in two pieces. */
  split: number;
  /** 200 with an empty body. */
  empty: number;
  /** Never answer. */
  hang: number;
  /** Leave usage out. */
  no_usage: number;
  /** Number of text pieces of a stream. */
  chunks: number;
  /** Length of the answer. */
  text_chars: number;
  /** Answer the user's own text. */
  echo: number;
}

const KEYS: Record<keyof Directives, true> = {
  delay_ms: true,
  chunk_delay_ms: true,
  status: true,
  retry_after: true,
  cut_after: true,
  cut_clean_after: true,
  error_after: true,
  garbage: true,
  half_utf8: true,
  crlf: true,
  split: true,
  empty: true,
  hang: true,
  no_usage: true,
  chunks: true,
  text_chars: true,
  echo: true,
};

const OPEN = '[[sandbox:';
const CLOSE = ']]';

/** The directives of a request and the user's text without them. Throws an Error that names a wrong directive. */
export function readDirectives(header: string | undefined, lastText: string): { directives: Partial<Directives>; text: string } {
  const directives: Partial<Directives> = {};
  let text = lastText;
  const open = text.indexOf(OPEN);
  if (open !== -1) {
    const close = text.indexOf(CLOSE, open);
    if (close !== -1) {
      readPairs(directives, text.slice(open + OPEN.length, close));
      text = `${text.slice(0, open)}${text.slice(close + CLOSE.length)}`.trim();
    }
  }
  if (header !== undefined) readPairs(directives, header);
  return { directives, text };
}

function readPairs(directives: Partial<Directives>, source: string): void {
  for (const pair of source.split(',')) {
    if (pair.trim() === '') continue;
    const [rawKey = '', rawValue = '1'] = pair.split('=');
    const key = rawKey.trim();
    const value = Number(rawValue);
    if (!isKey(key) || !Number.isFinite(value) || value < 0) throw new Error(`The sandbox does not know the directive "${pair.trim()}".`);
    directives[key] = value;
  }
}

function isKey(key: string): key is keyof Directives {
  return Object.hasOwn(KEYS, key);
}
