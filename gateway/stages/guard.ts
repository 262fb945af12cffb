/**
 * The guard on a streamed answer in block mode. Frames are held until the text they carry lies a window behind what has
 * been inspected, so that nothing a rule can match has begun to leave when the rule sees it whole. In monitor mode there
 * is no guard on the way: nothing is held, and the whole answer is inspected at its end.
 *
 * Two subtle points. The window is counted for each choice alone, because several choices may come interleaved. A frame
 * without events may be a piece of a block that the parser still gathers, so it stays until the next events came.
 */
import { ParapetError } from '../../core/errors.ts';
import type { Segment } from '../../schemas/content.ts';
import type { StreamEvent } from '../wire/types.ts';
import type { Inspected } from './inspect.ts';

/** Longer than any text that a response signature needs to see at once; a test compares it with the built-in ones. */
export const WINDOW_CHARS = 1_024;
const SCAN_EVERY_CHARS = 128;
const OVERLAP_CHARS = 2 * WINDOW_CHARS;
const MAX_HELD_BYTES = 1024 * 1024;

export interface HoldBack {
  /** Takes a frame and the events it carries; gives the frames that may leave now. Throws when the answer must stop. */
  push(frame: string | Buffer, events: readonly StreamEvent[]): (string | Buffer)[];
  /** Everything still held. Call when the whole answer has been judged. */
  rest(): (string | Buffer)[];
}

export interface HoldBackParts {
  inspect(segments: Segment[]): Inspected;
  /** Throws when the answer must stop. */
  judge(inspected: Inspected): void;
}

interface Choice {
  /** Characters that came, and of these inspected. */
  came: number;
  scanned: number;
  finished: boolean;
}

interface Held {
  frame: string | Buffer;
  /** Where each choice of the frame stood after it; undefined while no events have told. */
  ends: { choice: Choice; came: number }[] | undefined;
}

export function createHoldBack({ inspect, judge }: HoldBackParts): HoldBack {
  const texts = new Map<string, { segment: Omit<Segment, 'text'>; scanned: string; fresh: string[] }>();
  const choices = new Map<number, Choice>();
  let held: Held[] = [];
  let heldBytes = 0;
  let unscanned = 0;
  let begun = false;

  function choiceOf(index: number): Choice {
    let choice = choices.get(index);
    if (choice === undefined) {
      choice = { came: 0, scanned: 0, finished: false };
      choices.set(index, choice);
    }
    return choice;
  }

  function collect(event: StreamEvent): void {
    const text = textOf(event);
    if (text === undefined || !('part' in event)) return;
    const path = `choices[${event.choice}].parts[${event.part}]`;
    let entry = texts.get(path);
    if (entry === undefined) {
      entry = { segment: { direction: 'response', role: 'assistant', kind: kindOf(event), path }, scanned: '', fresh: [] };
      texts.set(path, entry);
    }
    entry.fresh.push(text);
    choiceOf(event.choice).came += text.length;
    unscanned += text.length;
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
    unscanned = 0;
    judge(inspect(segments));
    for (const choice of choices.values()) choice.scanned = choice.came;
  }

  /** Notes for the frames that waited for it how far their choices must be inspected. */
  function place(events: readonly StreamEvent[]): void {
    const seen = new Set<Choice>();
    for (const event of events) {
      if (!('choice' in event)) continue;
      const choice = choiceOf(event.choice);
      seen.add(choice);
      if (event.type === 'finish') choice.finished = true;
    }
    const ends = [...seen].map((choice) => ({ choice, came: choice.came }));
    for (let i = held.length - 1; i >= 0 && held[i]?.ends === undefined; i--) (held[i] as Held).ends = ends;
  }

  return {
    push(frame, events) {
      for (const event of events) collect(event);
      held.push({ frame, ends: undefined });
      if (events.length > 0) place(events);
      heldBytes += frame.length;
      if (unscanned >= SCAN_EVERY_CHARS) scan();
      if (heldBytes > MAX_HELD_BYTES)
        throw new ParapetError('PARAPET_INSPECTION_FAILED', { message: 'The answer holds more than the guard can hold back.' });
      let free = 0;
      while (held[free]?.ends?.every(isSafe)) free += 1;
      // What says nothing yet does not open the answer: while nothing has left, a block can still be told by its status.
      begun ||= held.slice(0, free).some((each) => each.ends?.length !== 0);
      if (free === 0 || !begun) return [];
      const out = held.slice(0, free).map((each) => each.frame);
      held = held.slice(free);
      for (const each of out) heldBytes -= each.length;
      return out;
    },
    rest() {
      heldBytes = 0;
      return held.splice(0).map(({ frame }) => frame);
    },
  };
}

function isSafe({ choice, came }: { choice: Choice; came: number }): boolean {
  return came <= (choice.finished && choice.scanned === choice.came ? choice.came : choice.scanned - WINDOW_CHARS);
}

/** What a client could read of this event; undefined when it says nothing. */
function textOf(event: StreamEvent): string | undefined {
  switch (event.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
    case 'tool_call_arguments':
      return event.text;
    case 'tool_call_start':
      return `${event.name} `;
    case 'other':
      return event.json;
    default:
      return undefined;
  }
}

function kindOf(event: StreamEvent): Segment['kind'] {
  if (event.type === 'tool_call_start' || event.type === 'tool_call_arguments') return 'tool_call';
  return event.type === 'refusal' || event.type === 'reasoning' || event.type === 'other' ? event.type : 'text';
}
