/**
 * A stream whose last frame has no closing blank line. Some servers end so right after their end mark, and the answer
 * is whole all the same; anything else that stands there unterminated is the beginning of an event that was cut.
 */
import type { SseEvent } from '../wire/sse.ts';
import type { StreamEvent } from '../wire/types.ts';
import type { VendorStreamParser } from './types.ts';

/** The end event when what `SseParser.end()` gave is the vendor's end mark, else nothing; never throws. */
export function readUnterminated(parser: VendorStreamParser, rest: SseEvent | undefined): StreamEvent[] {
  if (rest === undefined || rest.data === '') return [];
  try {
    const events = parser.push(rest);
    return events.length === 1 && events[0]?.type === 'end' ? events : [];
  } catch {
    // Half an event is no garbage but a cut, which the missing end event tells.
    return [];
  }
}
