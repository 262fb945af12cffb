/**
 * Writes the frames of a stream, well or badly as told. Subtle: pieces that must reach the reader as separate chunks
 * are written in separate turns of the event loop, else the socket would join them again.
 */
import type { ServerResponse } from 'node:http';
import type { Directives } from './directives.ts';

const BROKEN = 'data: {"broken": \n\n';
/** A healthy frame or two go first, so that a reader has begun to trust the stream. */
const GARBAGE_AFTER = 2;

export function writeFrames(response: ServerResponse, frames: string[], directives: Partial<Directives>, errorFrame: () => string): void {
  const cut = directives.cut_after ?? directives.cut_clean_after ?? directives.error_after;
  let out = cut === undefined ? frames : frames.slice(0, cut);
  if (directives.error_after !== undefined) out.push(errorFrame());
  if (directives.garbage) out = [...out.slice(0, GARBAGE_AFTER), BROKEN, ...out.slice(GARBAGE_AFTER)];
  if (directives.crlf) out = out.map((frame) => frame.replaceAll('\n', '\r\n'));
  const finish = (): void => {
    if (directives.cut_after === undefined) response.end();
    else response.destroy();
  };
  if (directives.chunk_delay_ms || directives.split || directives.half_utf8 || directives.cut_after !== undefined) {
    void writeSlowly(response, out, directives).then(finish);
    return;
  }
  for (const frame of out) response.write(frame);
  finish();
}

async function writeSlowly(response: ServerResponse, frames: string[], directives: Partial<Directives>): Promise<void> {
  for (const frame of frames) {
    if (response.destroyed) return;
    if (directives.chunk_delay_ms) await sleep(directives.chunk_delay_ms);
    const bytes = Buffer.from(frame);
    const cut = directives.half_utf8 ? withinCharacter(bytes) : directives.split ? Math.floor(bytes.length / 2) : -1;
    if (cut > 0) {
      response.write(bytes.subarray(0, cut));
      await turn();
    }
    response.write(cut > 0 ? bytes.subarray(cut) : bytes);
    await turn();
  }
}

/** A place inside the first multi-byte character, or -1. */
function withinCharacter(bytes: Buffer): number {
  for (let i = 0; i < bytes.length; i++) if (((bytes[i] ?? 0) & 0xc0) === 0x80) return i;
  return -1;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
