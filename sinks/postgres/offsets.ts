/**
 * Which offsets of a partition have been counted: all below the position, except those in its gaps. A gap is what a batch's
 * bounds covered and its records did not have, or what was refused: a dead letter that is sent again is found there, and
 * counted then. Pure; `write.ts` keeps position and gaps in the transaction that counts.
 */

/** Offsets from `first` to `last`, both included. */
export interface Gap {
  first: number;
  last: number;
}

export interface Counted {
  /** Every offset from here on is new. */
  next: number;
  /** Below `next`, in order, without overlap; at least those that touch the batch. */
  gaps: readonly Gap[];
}

export function isNew({ next, gaps }: Counted, offset: number): boolean {
  return offset >= next || gaps.some(({ first, last }) => first <= offset && offset <= last);
}

/** The state once `offsets` (in order, all new) of a batch from `first` to `last` are counted, and none else of it. */
export function advance({ next, gaps }: Counted, { first, last }: Gap, offsets: readonly number[]): Counted {
  // A batch that begins beyond the position leaves a gap before it: the log had expired that far.
  const unread: Gap[] = last >= next ? [{ first: next, last }] : [];
  const open = [...gaps, ...unread];
  return {
    next: Math.max(next, last + 1),
    gaps: without(
      open,
      offsets.filter((offset) => offset >= first && offset <= last),
    ),
  };
}

function without(gaps: readonly Gap[], offsets: readonly number[]): Gap[] {
  const out: Gap[] = [];
  let at = 0;
  for (const { first, last } of gaps) {
    let from = first;
    while (at < offsets.length && (offsets[at] as number) < first) at += 1;
    for (; at < offsets.length && (offsets[at] as number) <= last; at++) {
      const offset = offsets[at] as number;
      if (offset > from) out.push({ first: from, last: offset - 1 });
      from = offset + 1;
    }
    if (from <= last) out.push({ first: from, last });
  }
  return out;
}
