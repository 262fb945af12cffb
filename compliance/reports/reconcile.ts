/** Where the totals of a report disagree: an auditor must see it on the first pages, whatever the cause. */
import type { Assessment, Evidence } from '../types.ts';
import type { Writer } from './words.ts';

/** `chart` is what the evidence of interactions by day adds up to; null where there is none. */
export function reconcile(assessment: Assessment, evidence: readonly Evidence[], chart: number | null, { words, fill }: Writer): string[] {
  const { framework, requirements, books, interactions, checks } = assessment;
  const notices: string[] = [];

  const sections = new Set(framework.sections.map(({ id }) => id));
  const inSections = requirements.filter(({ section }) => sections.has(section)).length;
  if (inSections !== requirements.length) {
    notices.push(fill(words.requirementsDiffer, { sections: inSections, total: requirements.length }));
  }
  const judged = new Set(checks.map(({ check }) => check));
  for (const { id, section, checks: named } of requirements) {
    if (!sections.has(section)) notices.push(fill(words.sectionUnknown, { id, section }));
    for (const check of named) if (!judged.has(check)) notices.push(fill(words.checkUnknown, { id, check }));
  }

  const counted = books?.accepted ?? interactions.count;
  if (chart !== null && chart !== counted) notices.push(fill(words.chartDiffers, { chart, books: counted }));
  if (books !== null) {
    const { accepted, events, rows, lake, lost, duplicated } = books;
    if (interactions.count !== events) notices.push(fill(words.provenDiffers, { proven: interactions.count, events }));
    if ([events, rows, lake].some((book) => book !== accepted)) notices.push(fill(words.booksDiffer, { accepted, events, rows, lake }));
    if (lost !== 0 || duplicated !== 0) notices.push(fill(words.booksLost, { lost, duplicated }));
  }

  const given = new Map(evidence.map((piece) => [piece.collector, piece]));
  for (const { collector, rowCount, gap } of assessment.evidence) {
    const piece = given.get(collector);
    if (piece === undefined) {
      if (gap === null) notices.push(fill(words.evidenceAbsent, { collector }));
    } else if (piece.rows.length !== rowCount) {
      notices.push(fill(words.rowsDiffer, { collector, stated: rowCount, held: piece.rows.length }));
    }
  }
  return notices;
}
