/**
 * Server-sent events, parsed from bytes as they arrive. Frames are found on bytes and decoded one whole frame at a
 * time, so a character split over two chunks is never seen in halves; every frame also keeps its bytes as they came,
 * and all `raw` joined (with what `end` returns) are the stream, byte for byte.
 *
 * Subtle: after a blank line that ends in CR, an LF may still be on its way. Where the line before also ended in a
 * lone CR the stream uses CR, and the frame is given at once; else one more byte is awaited, so that a frame of a CRLF
 * stream is never handed on without its last LF. The choice depends on the bytes alone, never on how they were split.
 */
import { ParapetError } from '../../core/errors.ts';

export interface SseEvent {
  /** The `event:` name, when there is one. */
  event: string | undefined;
  /** All `data:` lines, joined by LF. Empty for a frame without data: a comment, a ping, a stray blank line. */
  data: string;
  /** The frame's bytes, its closing blank line included. */
  raw: Buffer;
}

export interface SseParser {
  /** The frames that this chunk completes. Throws PARAPET_VENDOR_GARBAGE when a frame outgrows the limit. */
  push(chunk: Buffer): SseEvent[];
  /**
   * What the stream left unterminated, or undefined. By the standard this is not an event: the caller decides, e.g.
   * takes `[DONE]` without its blank line as the end mark and anything else as a cut.
   */
  end(): SseEvent | undefined;
}

const LF = 0x0a;
const CR = 0x0d;

/** A parser for one stream. `maxEventBytes` bounds one frame (default 4 MiB). */
export function createSseParser({ maxEventBytes = 4 * 1024 * 1024 }: { maxEventBytes?: number } = {}): SseParser {
  let held = Buffer.alloc(0);
  let heldBytes = 0;
  let lineEmpty = true;
  let lastEnd: 'none' | 'lf' | 'cr' | 'crlf' = 'none';
  let afterCr = false;
  let blankAwaitsLf = false;
  let firstFrame = true;

  function hold(rest: Buffer): void {
    if (heldBytes + rest.length > maxEventBytes) throw tooLong(maxEventBytes);
    if (heldBytes + rest.length > held.length) {
      // Doubling keeps the copying linear, however small the chunks are.
      const grown = Buffer.allocUnsafe(Math.max(1024, 2 * (heldBytes + rest.length)));
      held.copy(grown, 0, 0, heldBytes);
      held = grown;
    }
    rest.copy(held, heldBytes);
    heldBytes += rest.length;
  }

  function take(piece: Buffer): SseEvent {
    const raw = heldBytes === 0 ? piece : Buffer.concat([held.subarray(0, heldBytes), piece]);
    heldBytes = 0;
    if (raw.length > maxEventBytes) throw tooLong(maxEventBytes);
    const isFirst = firstFrame;
    firstFrame = false;
    return parseFrame(raw, isFirst);
  }

  return {
    push(chunk) {
      const out: SseEvent[] = [];
      let start = 0;
      let at = 0;
      let lf = chunk.indexOf(LF);
      let cr = chunk.indexOf(CR);
      while (at < chunk.length) {
        if (afterCr) {
          afterCr = false;
          if (chunk[at] === LF) {
            at++;
            lastEnd = 'crlf';
          }
          if (blankAwaitsLf) {
            blankAwaitsLf = false;
            out.push(take(chunk.subarray(start, at)));
            start = at;
          }
          continue;
        }
        if (lf !== -1 && lf < at) lf = chunk.indexOf(LF, at);
        if (cr !== -1 && cr < at) cr = chunk.indexOf(CR, at);
        const lineEnd = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
        if (lineEnd === -1) {
          lineEmpty = false;
          break;
        }
        const blank = lineEmpty && lineEnd === at;
        const afterLoneCr = lastEnd === 'cr';
        lineEmpty = true;
        at = lineEnd + 1;
        if (lineEnd === lf) {
          lastEnd = 'lf';
        } else {
          lastEnd = 'cr';
          afterCr = true;
          blankAwaitsLf = blank && !afterLoneCr;
        }
        if (blank && !blankAwaitsLf) {
          out.push(take(chunk.subarray(start, at)));
          start = at;
        }
      }
      if (start < chunk.length) hold(chunk.subarray(start));
      return out;
    },

    end() {
      if (heldBytes === 0) return undefined;
      const event = take(Buffer.alloc(0));
      return event;
    },
  };
}

function tooLong(limit: number): ParapetError {
  return new ParapetError('PARAPET_VENDOR_GARBAGE', { message: `The vendor sent a stream event of more than ${limit} bytes.` });
}

function parseFrame(raw: Buffer, isFirst: boolean): SseEvent {
  const single = singleDataLine(raw);
  if (single !== undefined) return { event: undefined, data: single, raw };

  let text = raw.toString('utf8');
  if (isFirst && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');

  let event: string | undefined;
  let data: string | undefined;
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf('\n', at);
    if (end === -1) end = text.length;
    const colon = text.indexOf(':', at);
    const fieldEnd = colon === -1 || colon > end ? end : colon;
    const field = text.slice(at, fieldEnd);
    if (field === 'data' || field === 'event') {
      let from = Math.min(fieldEnd + 1, end);
      if (text.charCodeAt(from) === 0x20) from++;
      const value = text.slice(from, end);
      if (field === 'event') event = value === '' ? undefined : value;
      else data = data === undefined ? value : `${data}\n${value}`;
    }
    at = end + 1;
  }
  return { event, data: data ?? '', raw };
}

/** The common case, `data: …` on one line ended by LF, without splitting it into lines. */
function singleDataLine(raw: Buffer): string | undefined {
  const end = raw.length - 2;
  if (end < 6 || raw[0] !== 0x64 || raw[1] !== 0x61 || raw[2] !== 0x74 || raw[3] !== 0x61 || raw[4] !== 0x3a) return undefined;
  if (raw.indexOf(LF) !== end || raw.indexOf(CR) !== -1) return undefined;
  return raw.toString('utf8', raw[5] === 0x20 ? 6 : 5, end);
}
