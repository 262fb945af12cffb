/**
 * Files inside a request, as far as they are text. What the bytes are counts, not what their media type says: a vendor may look at
 * them as well.
 */
import { isUtf8 } from 'node:buffer';

export interface TextFile {
  text: string;
  /** The same file with another text in it, as `data` was written. */
  holding(text: string): string;
}

/** `%PDF` in base64. */
const PDF = 'JVBER';
/** In one line or in several; no spaces, which texts have. */
const BASE64 = /^[A-Za-z0-9+/_-]*(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}\s?$/;
const NO_TEXT = /^(?:image|audio|video)\//i;

/** `data` is base64, a data URL, or the text itself. Undefined where the bytes are no text: pictures, sound, PDF, programs. */
export function readTextFile(mediaType: string, data: string): TextFile | undefined {
  if (data === '' || NO_TEXT.test(mediaType) || data.startsWith(PDF)) return undefined;
  if (BASE64.test(data)) return ofBytes(mediaType, data);
  if (!data.startsWith('data:')) return { text: data, holding: (text) => text };
  const comma = data.indexOf(',') + 1;
  const [head, body] = [data.slice(0, comma), data.slice(comma)];
  const type = /^data:([^;,]*)/.exec(head)?.[1] ?? '';
  if (!/;base64,$/i.test(head))
    return NO_TEXT.test(type) ? undefined : { text: unescaped(body), holding: (text) => head + encodeURIComponent(text) };
  const inner = NO_TEXT.test(type) || body.startsWith(PDF) ? undefined : ofBytes(type, body);
  return inner && { text: inner.text, holding: (text) => head + inner.holding(text) };
}

function ofBytes(mediaType: string, base64: string): TextFile | undefined {
  const bytes = Buffer.from(base64, 'base64');
  const little = bytes[0] === 0xff && bytes[1] === 0xfe;
  const big = bytes[0] === 0xfe && bytes[1] === 0xff && bytes.length % 2 === 0;
  if (little || big) {
    const text = (big ? bytes.swap16() : bytes).toString('utf16le', 2);
    return { text, holding: (next) => Buffer.from(`\ufeff${next}`, 'utf16le').toString('base64') };
  }
  if (!/^text\//i.test(mediaType) && (!isUtf8(bytes) || bytes.includes(0))) return undefined;
  return { text: bytes.toString('utf8'), holding: (next) => Buffer.from(next).toString('base64') };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
