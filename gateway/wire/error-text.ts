/**
 * The one sentence that a person reads when a call fails, the same in every format: what happened, what to do, and
 * the interaction to name when asking for help. It stands in the message because SDKs show little else.
 */
import type { ParapetError } from '../../core/errors.ts';

export function errorText(error: ParapetError, interactionId: string): string {
  const hint = error.hint === '' ? '' : ` ${error.hint}`;
  return `${error.message}${hint} [${error.code}, interaction ${interactionId}]`;
}
