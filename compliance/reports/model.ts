/**
 * What a report says, in the reader's language and in the order it is read, before it is set in PDF or HTML. Every figure here is
 * counted from the assessment and its evidence, never copied, so that `notices` can tell where two of them disagree.
 */
import type {
  Assessment,
  CheckResult,
  Coverage,
  Evidence,
  EvidenceSummary,
  Language,
  Outcome,
  Reason,
  RequirementResult,
} from '../types.ts';
import { type Chart, interactionsChart, OUTCOMES, outcomesChart, type SectionOutcomes, threatsChart } from './charts.ts';
import { reconcile } from './reconcile.ts';
import type { Words } from './words/en.ts';
import { type Writer, writerFor } from './words.ts';

export interface ReportInput {
  assessment: Assessment;
  evidence: readonly Evidence[];
  language: Language;
}

const COVERAGES = ['automated', 'partly', 'attested', 'not_covered'] as const satisfies readonly Coverage[];
const COVERAGE_MEANS = {
  automated: 'automatedMeans',
  partly: 'partlyMeans',
  attested: 'attestedMeans',
  not_covered: 'notCoveredMeans',
} as const satisfies Record<Coverage, keyof Words>;

export { OUTCOMES };

/** `mono` is set in a font where 0 and O differ, and may break anywhere. */
export interface Fact {
  label: string;
  value: string;
  mono?: boolean;
}

export interface ReportTable {
  /** What it is of, for readers who hear the page. */
  caption: string;
  columns: readonly { title: string; align: 'left' | 'right'; kind: 'text' | 'mono' | 'outcome' }[];
  rows: readonly (readonly string[])[];
  /** For a column of outcomes: which of them, row by row. */
  outcomes?: readonly Outcome[];
  /** The last row is a sum. */
  summed?: boolean;
}

export interface RequirementView {
  id: string;
  title: string;
  text: string;
  outcome: Outcome;
  reasons: readonly string[];
  facts: readonly Fact[];
}

export interface EvidenceView {
  collector: string;
  title: string;
  gap: string | null;
  facts: readonly Fact[];
  /** Null where there is nothing to show. */
  table: ReportTable | null;
  /** How much of it the table shows. */
  note: string;
}

export interface Report {
  writer: Writer;
  title: string;
  subtitle: string;
  /** On each page: framework, organisation, window, filters. */
  running: string;
  facts: readonly Fact[];
  summary: string;
  /** Where totals disagree; empty when they reconcile. */
  notices: readonly string[];
  outcomes: Readonly<Record<Outcome, number>>;
  outcomeTable: ReportTable;
  coverageTable: ReportTable;
  booksTable: ReportTable | null;
  charts: { outcomes: Chart; interactions: Chart | null; threats: Chart | null };
  exceptions: readonly RequirementView[];
  sections: readonly { id: string; title: string; requirements: readonly RequirementView[] }[];
  checks: ReportTable;
  evidence: readonly EvidenceView[];
}

/** Rows of evidence that a page can bear; spreadsheets hold all. */
export const ROWS_SHOWN = 25;

export function reportOf({ assessment, evidence, language }: ReportInput): Report {
  const writer = writerFor(language);
  const { words, fill } = writer;
  const { framework, org, period, window, requirements } = assessment;
  const sections = sectionsOf(assessment, writer);
  const outcomes = countOutcomes(requirements);
  const views = new Map(requirements.map((requirement) => [requirement, requirementView(requirement, assessment, writer)]));
  const viewOf = (requirement: RequirementResult): RequirementView =>
    views.get(requirement) ?? requirementView(requirement, assessment, writer);
  const windowText = fill(words.windowUtc, { ...window });
  const interactions = interactionsChart(evidence, writer);
  return {
    writer,
    title: framework.title[language],
    subtitle: `${words.report} · ${org} · ${period}`,
    running: `${framework.id} ${framework.version} · ${org} · ${windowText} · ${words.filters}: ${fill(words.filtersInForce, { org })}`,
    facts: coverFacts(assessment, windowText, writer),
    summary: fill(words.summaryText, {
      total: requirements.length,
      pass: outcomes.pass,
      fail: outcomes.fail,
      gap: outcomes.gap,
      notApplicable: outcomes.not_applicable,
    }),
    notices: reconcile(assessment, evidence, interactions?.total ?? null, writer),
    outcomes,
    outcomeTable: outcomeTable(sections, outcomes, writer),
    coverageTable: coverageTable(requirements, writer),
    booksTable: booksTable(assessment, writer),
    charts: { outcomes: outcomesChart(sections, writer), interactions, threats: threatsChart(evidence, writer) },
    exceptions: requirements.filter(({ outcome }) => outcome === 'fail' || outcome === 'gap').map(viewOf),
    sections: sections.map(({ id, title, requirements: own }) => ({ id, title, requirements: own.map(viewOf) })),
    checks: checksTable(assessment.checks, writer),
    evidence: assessment.evidence.map((summary) =>
      evidenceView(
        summary,
        evidence.find(({ collector }) => collector === summary.collector),
        assessment,
        writer,
      ),
    ),
  };
}

/** The framework's sections in its order, then, for requirements that name none of them, one more: nothing falls off a report. */
function sectionsOf({ framework, requirements }: Assessment, { language, words }: Writer): SectionOutcomes[] {
  const known = new Set(framework.sections.map(({ id }) => id));
  const section = (id: string, title: string, own: RequirementResult[]): SectionOutcomes => ({
    id,
    title,
    counts: countOutcomes(own),
    requirements: own,
  });
  const sections = framework.sections.map(({ id, title }) =>
    section(
      id,
      title[language],
      requirements.filter((requirement) => requirement.section === id),
    ),
  );
  const others = requirements.filter((requirement) => !known.has(requirement.section));
  return others.length === 0 ? sections : [...sections, section('?', words.otherSection, others)];
}

export function countOutcomes(requirements: readonly RequirementResult[]): Record<Outcome, number> {
  const counts: Record<Outcome, number> = { pass: 0, fail: 0, gap: 0, not_applicable: 0 };
  for (const { outcome } of requirements) counts[outcome]++;
  return counts;
}

function coverFacts(assessment: Assessment, window: string, { language, words, fill, number, instant }: Writer): Fact[] {
  const { framework, org, period, assessedAt, generator, seed, interactions } = assessment;
  const { id, version, revision } = framework;
  return [
    { label: words.organisation, value: org },
    { label: words.framework, value: framework.title[language] },
    { label: words.version, value: fill(words.frameworkOf, { id, version, revision }) },
    { label: words.publisher, value: framework.publisher },
    { label: words.source, value: framework.source },
    { label: words.period, value: period },
    { label: words.window, value: window },
    { label: words.filters, value: fill(words.filtersInForce, { org }) },
    { label: words.assessedAt, value: `${instant(assessedAt)} UTC` },
    { label: words.generator, value: `${generator.name} ${generator.version}` },
    { label: words.interactionsProven, value: number(interactions.count) },
    { label: words.merkleRoot, value: interactions.root, mono: true },
    { label: words.seed, value: seed, mono: true },
  ];
}

function outcomeTable(sections: readonly SectionOutcomes[], outcomes: Record<Outcome, number>, { words, number }: Writer): ReportTable {
  const figures = (counts: Readonly<Record<Outcome, number>>): string[] => {
    const own = OUTCOMES.map((outcome) => counts[outcome]);
    return [...own, own.reduce((a, b) => a + b, 0)].map(number);
  };
  return {
    caption: words.outcomesBySection,
    columns: [
      { title: words.section, align: 'left', kind: 'text' },
      ...OUTCOMES.map((outcome) => ({ title: words[outcome], align: 'right', kind: 'text' }) as const),
      { title: words.total, align: 'right', kind: 'text' },
    ],
    rows: [...sections.map(({ id, title, counts }) => [named(id, title), ...figures(counts)]), [words.total, ...figures(outcomes)]],
    summed: true,
  };
}

/** `MAP 1 · Context is established`; a section whose title begins with its id is not called twice. */
export function named(id: string, title: string): string {
  return title.startsWith(id) || id === '?' ? title : `${id} · ${title}`;
}

function coverageTable(requirements: readonly RequirementResult[], { words, number }: Writer): ReportTable {
  const rows = COVERAGES.map((coverage) => [
    words[coverage],
    number(requirements.filter((requirement) => requirement.coverage === coverage).length),
    words[COVERAGE_MEANS[coverage]],
  ]);
  return {
    caption: words.coverage,
    columns: [
      { title: words.coverage, align: 'left', kind: 'text' },
      { title: words.number, align: 'right', kind: 'text' },
      { title: words.meaning, align: 'left', kind: 'text' },
    ],
    rows: [...rows, [words.total, number(requirements.length), '']],
    summed: true,
  };
}

function booksTable({ books }: Assessment, { words, number }: Writer): ReportTable | null {
  if (books === null) return null;
  const lines = ['accepted', 'events', 'rows', 'lake', 'lost', 'duplicated'] as const;
  return {
    caption: words.books,
    columns: [
      { title: words.book, align: 'left', kind: 'text' },
      { title: words.number, align: 'right', kind: 'text' },
    ],
    rows: lines.map((line) => [words[line], number(books[line])]),
  };
}

function requirementView(requirement: RequirementResult, { checks }: Assessment, { language, words, fill, say }: Writer): RequirementView {
  const results = new Map(checks.map((check) => [check.check, check]));
  const { id, title, text, outcome, reasons, coverage, attestation, related } = requirement;
  const judged = requirement.checks.map((check) => {
    const result = results.get(check);
    return result === undefined ? check : `${check} (${words[result.outcome]})`;
  });
  return {
    id,
    title: title[language],
    text: text[language],
    outcome,
    reasons: reasons.map(say),
    facts: [
      { label: words.coverage, value: words[coverage] },
      { label: words.checks, value: judged.join(', ') || words.attestationNone },
      {
        label: words.attestation,
        value: attestation === null ? words.attestationNone : fill(words.attestedBy, { ...attestation }),
      },
      ...(related.length === 0 ? [] : [{ label: words.related, value: related.join(', ') }]),
    ],
  };
}

function checksTable(checks: readonly CheckResult[], { language, words, say }: Writer): ReportTable {
  return {
    caption: words.checks,
    columns: [
      { title: words.check, align: 'left', kind: 'text' },
      { title: words.outcome, align: 'left', kind: 'outcome' },
      { title: words.reasons, align: 'left', kind: 'text' },
      { title: words.evidence, align: 'left', kind: 'text' },
    ],
    rows: checks.map(({ check, version, title, outcome, reasons, evidence }) => [
      `${title[language]} (${check}, ${words.version} ${version})`,
      words[outcome],
      sentences(reasons, say),
      evidence.join(', '),
    ]),
    outcomes: checks.map(({ outcome }) => outcome),
  };
}

export function sentences(reasons: readonly Reason[], say: (reason: Reason) => string): string {
  return reasons.map(say).join(' ');
}

/** Where its rows lie in the package. */
export const rowsFile = (collector: string): string => `evidence/${collector}.csv`;

export const hasExpired = ({ expiresAt }: EvidenceSummary, { assessedAt }: Assessment): boolean =>
  Date.parse(expiresAt) <= Date.parse(assessedAt);

function evidenceView(summary: EvidenceSummary, evidence: Evidence | undefined, assessment: Assessment, writer: Writer): EvidenceView {
  const { language, words, fill, number, instant, cell, say } = writer;
  const { collector, version, title, source, identity, query, parameters, window, collectedAt, rowCount, sha256, gap } = summary;
  const expiry = `${instant(summary.expiresAt)} UTC${hasExpired(summary, assessment) ? ` (${words.expired})` : ''}`;
  const facts: Fact[] = [
    { label: words.collector, value: `${collector} (${words.version} ${version})` },
    { label: words.source, value: source },
    { label: words.identity, value: identity },
    { label: words.window, value: fill(words.windowUtc, { ...window }) },
    { label: words.collectedAt, value: `${instant(collectedAt)} UTC` },
    { label: words.expiresAt, value: expiry },
    { label: words.rowCount, value: number(rowCount) },
    { label: words.file, value: rowsFile(collector), mono: true },
    { label: words.sha256, value: sha256, mono: true },
    { label: words.query, value: query, mono: true },
    {
      label: words.parameters,
      value:
        Object.entries(parameters)
          .map(([name, value]) => `${name} = ${value}`)
          .join('; ') || words.none,
    },
  ];
  const view = { collector, title: title[language], gap: gap === null ? null : say(gap), facts };
  if (evidence === undefined || gap !== null) return { ...view, table: null, note: '' };
  if (evidence.rows.length === 0) return { ...view, table: null, note: words.noRows };
  const rows = evidence.rows.slice(0, ROWS_SHOWN);
  const note =
    rows.length < evidence.rows.length
      ? fill(words.firstRows, { shown: rows.length, rows: evidence.rows.length, file: rowsFile(collector) })
      : fill(words.allRows, { rows: rows.length });
  const table: ReportTable = {
    caption: title[language],
    columns: summary.columns.map((column) => ({
      title: column.unit === undefined ? column.title[language] : `${column.title[language]} [${column.unit}]`,
      align: column.kind === 'integer' || column.kind === 'number' ? 'right' : 'left',
      kind: 'text',
    })),
    rows: rows.map((row) => summary.columns.map((column) => cell(row[column.name] ?? null, column))),
  };
  return { ...view, table, note };
}
