/**
 * What of a framework a machine judges, what a person signs, and what nobody here answers. A requirement counts as automated only
 * when checks judge it alone: one duty that waits for a person or for a part that does not exist yet makes it partly so.
 */
import type { Coverage, Framework, Localized, Requirement, Window } from '../types.ts';

export const COVERAGES = ['automated', 'partly', 'attested', 'not_covered'] as const satisfies readonly Coverage[];

export type CoverageCounts = Readonly<Record<Coverage, number>> & { readonly total: number };

export interface CoverageTable {
  sections: readonly { id: string; title: Localized; counts: CoverageCounts }[];
  all: CoverageCounts;
}

export function coverageOf({ checks, attestation, needs = [] }: Requirement): Coverage {
  if (checks.length > 0) return attestation === undefined && needs.length === 0 ? 'automated' : 'partly';
  return attestation !== undefined && needs.length === 0 ? 'attested' : 'not_covered';
}

export function coverageTable({ sections, requirements }: Framework): CoverageTable {
  return {
    sections: sections.map(({ id, title }) => ({ id, title, counts: countsOf(requirements.filter(({ section }) => section === id)) })),
    all: countsOf(requirements),
  };
}

/** Whether it applies at any time of the window. `effectiveUntil` is the first day on which it no longer does; days are UTC's. */
export function effectiveIn({ effectiveFrom, effectiveUntil }: Requirement, window: Window): boolean {
  const from = effectiveFrom === undefined ? Number.NEGATIVE_INFINITY : Date.parse(effectiveFrom);
  const until = effectiveUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(effectiveUntil);
  return from < Date.parse(window.to) && until > Date.parse(window.from);
}

function countsOf(requirements: readonly Requirement[]): CoverageCounts {
  const counts = { automated: 0, partly: 0, attested: 0, not_covered: 0, total: requirements.length };
  for (const requirement of requirements) counts[coverageOf(requirement)] += 1;
  return counts;
}
