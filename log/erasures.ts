/**
 * Erasures as controls tell them, for all that obey them. The key of such a control is the subject's pseudonym, which holds the
 * very digest under which `processors/behave` keeps a user's state: nobody has to be named to be found.
 */
import type { Control } from '../schemas/types.ts';
import type { Controls } from './controls.ts';

export const ERASURE = 'erasure';

/** The value of an erasure's control, whose key is the pseudonym. */
export interface ErasureOrder {
  /** Microseconds since 1970: what began until then is masked. */
  erasedAt: number;
  /** `pseudonymCheck` of whoever ordered it. */
  check: string;
  /** False until every view is masked and the audit event is there. */
  done: boolean;
}

export function orderOf({ value }: Control): ErasureOrder {
  return JSON.parse(value ?? '{}') as ErasureOrder;
}

/** So long after an erasure somebody may still be counted by a process that has not heard of it (docs/erasure.md). */
const GRACE_MS = 60_000;
const PSEUDONYM = 'erased:';

export interface Erasures {
  /** Grows with every change. */
  readonly version: number;
  /** Whether the subject of this digest was erased then or later; milliseconds since 1970. */
  covers(digest: string, at: number): boolean;
}

export function createErasures(controls: Pick<Controls, 'version' | 'list'>): Erasures {
  let read = -1;
  let until = new Map<string, number>();

  return {
    get version() {
      return controls.version;
    },
    covers(digest, at) {
      if (read !== controls.version) {
        read = controls.version;
        until = new Map(
          controls.list(ERASURE).map((each) => [each.key.slice(PSEUDONYM.length), orderOf(each).erasedAt / 1_000 + GRACE_MS]),
        );
      }
      return at <= (until.get(digest) ?? Number.NEGATIVE_INFINITY);
    },
  };
}
