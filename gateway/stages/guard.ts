/**
 * The guard on a streamed answer in block mode. Frames are held until the text they carry lies a window behind what has
 * been inspected, so that nothing a rule can match has begun to leave when the rule sees it whole. In monitor mode there
 * is no guard on the way: nothing is held, and the whole answer is inspected at its end.
 */

import { ParapetError } from '../../core/errors.ts';
import type { Detector } from '../../detection/types.ts';
import type { Segment } from '../../schemas/content.ts';
import type { StreamEvent } from '../wire/types.ts';
import type { Inspected } from './inspect.ts';

/** Longer than any text that a response signature needs to see at once. */
const WINDOW_CHARS = 512;
const SCAN_EVERY_CHARS = 128;
const OVERLAP_CHARS = 1_024;
const MAX_HELD_BYTES = 1024 * 1024;

export interface HoldBack {
  /** Takes a frame and the events it carries; gives the frames that may leave now. `judge` throws when the answer must stop. */
  push(frame: string | Buffer, events: readonly StreamEvent[]): (string | Buffer)[];
  /** Everything still held. Call when the whole answer has been judged. */
  rest(): (string | Buffer)[];
}

export function createHoldBack(detector: Detector, judge: (inspected: Inspected) => void): HoldBack {
  const texts = new Map<string, { segment: Omit<Segment, 'text'>; scanned: string; fresh: string[] }>();
  const held: { frame: string | Buffer; end: number }[] = [];
  let heldBytes = 0;
  let position = 0;
  let scannedTo = 0;

  function collect(event: StreamEvent): void {
    if (event.type !== 'text' && event.type !== 'refusal' && event.type !== 'reasoning' && event.type !== 'tool_call_arguments') return;
    const path = `choices[${event.choice}].parts[${event.part}]`;
    let entry = texts.get(path);
    if (entry === undefined) {
      const kind = event.type === 'tool_call_arguments' ? 'tool_call' : event.type;
      entry = { segment: { direction: 'response', role: 'assistant', kind, path }, scanned: '', fresh: [] };
      texts.set(path, entry);
    }
    entry.fresh.push(event.text);
    position += event.text.length;
  }

  function scan(): void {
    const segments: Segment[] = [];
    for (const entry of texts.values()) {
      if (entry.fresh.length === 0) continue;
      const text = entry.scanned + entry.fresh.join('');
      segments.push({ ...entry.segment, text });
      entry.scanned = text.slice(-OVERLAP_CHARS);
      entry.fresh = [];
    }
    scannedTo = position;
    let inspected: Inspected;
    try {
      inspected = { kind: 'inspected', inspection: detector.inspect(segments) };
    } catch (error) {
      inspected = { kind: 'failed', error };
    }
    judge(inspected);
  }

  return {
    push(frame, events) {
      for (const event of events) collect(event);
      held.push({ frame, end: position });
      heldBytes += frame.length;
      if (position - scannedTo >= SCAN_EVERY_CHARS) scan();
      if (heldBytes > MAX_HELD_BYTES)
        throw new ParapetError('PARAPET_INSPECTION_FAILED', { message: 'The answer holds more than the guard can hold back.' });
      const out: (string | Buffer)[] = [];
      while (held[0] && held[0].end <= scannedTo - WINDOW_CHARS) {
        const { frame: free } = held.shift() as { frame: string | Buffer };
        heldBytes -= free.length;
        out.push(free);
      }
      return out;
    },
    rest() {
      heldBytes = 0;
      return held.splice(0).map(({ frame }) => frame);
    },
  };
}
