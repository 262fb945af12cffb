/**
 * The request's bytes into a JSON value, with every bound a hostile or broken client could lean on: size, time, UTF-8,
 * depth. The depth is counted on the bytes before parsing, because what comes after walks the value recursively. And that no object has
 * a field twice: JSON does not say which holds, so a guard could read the one and the vendor the other.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { ParapetError } from '../../core/errors.ts';

const MAX_DEPTH = 64;

/** The whole body. Throws PARAPET_BODY_TOO_LARGE, PARAPET_BODY_TIMEOUT or PARAPET_BODY_INCOMPLETE. */
export function readBody(request: IncomingMessage, limitBytes: number, timeoutMs: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limitBytes) return Promise.reject(tooLarge(limitBytes));
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let size = 0;
    const timer = setTimeout(() => finish(new ParapetError('PARAPET_BODY_TIMEOUT')), timeoutMs);

    function finish(error?: ParapetError): void {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (error) reject(error);
      else resolve(rest ? Buffer.concat(rest, size) : (first ?? Buffer.alloc(0)));
    }
    function onData(chunk: Buffer): void {
      size += chunk.length;
      if (size > limitBytes) return finish(tooLarge(limitBytes));
      if (first === undefined) first = chunk;
      else if (rest) rest.push(chunk);
      else rest = [first, chunk];
    }
    function onEnd(): void {
      finish();
    }
    function onClose(): void {
      finish(new ParapetError('PARAPET_BODY_INCOMPLETE'));
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** The JSON value. Throws PARAPET_CONTENT_TYPE, PARAPET_BODY_NOT_UTF8, PARAPET_BODY_TOO_DEEP, PARAPET_BODY_NOT_JSON or PARAPET_BODY_AMBIGUOUS. */
export function parseJson(body: Buffer, contentType: string | undefined): unknown {
  if (contentType === undefined || !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType))
    throw new ParapetError('PARAPET_CONTENT_TYPE');
  if (!isUtf8(body)) throw new ParapetError('PARAPET_BODY_NOT_UTF8');
  if (depthOver(body, MAX_DEPTH)) throw new ParapetError('PARAPET_BODY_TOO_DEEP');
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // V8's message quotes the text around the fault, which may be a prompt.
    throw new ParapetError('PARAPET_BODY_NOT_JSON', { cause });
  }
  if (fieldsWritten(text) !== fieldsOf(value)) throw new ParapetError('PARAPET_BODY_AMBIGUOUS');
  return value;
}

/** Colons outside of strings: of text that is JSON, one for each field. */
function fieldsWritten(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'), from = 0; ; at = text.indexOf('"', from)) {
    // The little between two strings: commas, brackets, numbers.
    const until = at < 0 ? text.length : at;
    for (let i = from; i < until; i++) if (text.charCodeAt(i) === COLON) count += 1;
    if (at < 0) return count;
    from = endOfString(text, at) + 1;
  }
}

/** The quotation mark that ends the string which begins at this one: the first with an even number of backslashes before it. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
}

function fieldsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + fieldsOf(each), 0);
  const each = Object.values(value);
  return each.reduce((sum: number, field) => sum + fieldsOf(field), each.length);
}

const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function depthOver(body: Buffer, limit: number): boolean {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    for (let at = body.indexOf(bracket); at >= 0 && opened <= limit; at = body.indexOf(bracket, at + 1)) opened += 1;
  }
  // Not even as many brackets as levels are allowed, in strings or not: no need to look closer.
  if (opened <= limit) return false;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}

function tooLarge(limitBytes: number): ParapetError {
  return new ParapetError('PARAPET_BODY_TOO_LARGE', { message: `The body is larger than ${limitBytes} bytes.` });
}
