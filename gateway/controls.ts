/**
 * How a gateway hears controls: it looks into the log, when that answers. A gateway serves without the log, so it waits for
 * it only briefly at its start, and goes on trying in the background.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { type Controls, followControls } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import type { Codec } from '../schemas/codec.ts';

const FIRST_LOOK_MS = 3_000;
const RETRY_MS = 1_000;

export interface HearingParts {
  open(): Promise<EventLog>;
  codec: Codec;
  logger: Logger;
  /** Told once, when the controls are known. */
  onControls(controls: Controls): void;
}

export async function hearControls({ open, codec, logger, onControls }: HearingParts): Promise<{ close(): Promise<void> }> {
  const stopping = new AbortController();
  let close: (() => Promise<void>) | undefined;
  let said = false;

  async function listen(): Promise<void> {
    const log = await open();
    try {
      const controls = await followControls(log, codec, logger);
      close = async () => {
        await controls.close();
        await log.close();
      };
      onControls(controls);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  async function untilHeard(): Promise<void> {
    while (close === undefined && !stopping.signal.aborted) {
      try {
        await listen();
      } catch (error) {
        if (!said) logger.warn({ code: toParapetError(error).code }, 'the log does not answer; controls are heard as soon as it does');
        said = true;
        await sleep(RETRY_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      }
    }
    if (stopping.signal.aborted) await close?.();
  }

  const heard = untilHeard();
  await Promise.race([heard, sleep(FIRST_LOOK_MS, undefined, { ref: false })]);
  return {
    async close() {
      stopping.abort();
      // An attempt under way may wait for a broker, and closes behind itself.
      await close?.();
    },
  };
}
