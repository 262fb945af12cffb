/**
 * The request's bytes into a JSON value, with every bound a hostile or broken client could lean on: size, time, UTF-8,
 * depth. The depth is counted on the bytes before parsing, because what comes after walks the value recursively.
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

/** The JSON value. Throws PARAPET_CONTENT_TYPE, PARAPET_BODY_NOT_UTF8, PARAPET_BODY_TOO_DEEP or PARAPET_BODY_NOT_JSON. */
export function parseJson(body: Buffer, contentType: string | undefined): unknown {
  if (contentType === undefined || !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType))
    throw new ParapetError('PARAPET_CONTENT_TYPE');
  if (!isUtf8(body)) throw new ParapetError('PARAPET_BODY_NOT_UTF8');
  if (depthOver(body, MAX_DEPTH)) throw new ParapetError('PARAPET_BODY_TOO_DEEP');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    // V8's message quotes the text around the fault, which may be a prompt.
    throw new ParapetError('PARAPET_BODY_NOT_JSON', { cause });
  }
}

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
