/**
 * The report as a workbook: numbers are numbers and dates are dates, so that an auditor can sort, filter and add up without asking
 * anybody. Text is always inline text, never a formula; what would begin one is marked as text besides, so that it stays so when
 * its cell is edited.
 */
import type { Assessment, Cell, Evidence, EvidenceColumn } from '../types.ts';
import { countOutcomes, hasExpired, OUTCOMES, type ReportInput, reportOf, rowsFile } from './model.ts';
import { type Writer, writerFor } from './words.ts';
import { type Sheet, type SheetCell, workbook } from './xlsx/workbook.ts';

export function renderXlsx(input: ReportInput): Uint8Array {
  const { assessment, evidence, language } = input;
  const writer = writerFor(language);
  const { words } = writer;
  const sheets: Sheet[] = [
    summarySheet(input, writer),
    requirementsSheet(assessment, writer),
    checksSheet(assessment, writer),
    evidenceSheet(assessment, writer),
    ...evidence.filter(({ rows }) => rows.length > 0).map((piece) => rowsSheet(piece, writer)),
  ];
  return workbook({
    title: `${assessment.framework.title[language]} · ${words.report} · ${assessment.org} · ${assessment.period}`,
    creator: `${assessment.generator.name} ${assessment.generator.version}`,
    language,
    at: assessment.assessedAt,
    sheets,
  });
}

/** Facts and sums in two columns: it has no head to freeze or filter by. */
function summarySheet(input: ReportInput, { words, language }: Writer): Sheet {
  const { assessment } = input;
  const { requirements, books, interactions, window, assessedAt } = assessment;
  const outcomes = countOutcomes(requirements);
  const { facts, notices } = reportOf(input);
  const typed = new Map<string, SheetCell>([
    [words.assessedAt, { time: assessedAt }],
    [words.interactionsProven, interactions.count],
  ]);
  return {
    name: words.summary,
    columns: [
      { title: assessment.framework.title[language], width: 34 },
      { title: words.report, width: 90 },
    ],
    rows: [
      ...facts.map(({ label, value }): SheetCell[] => [label, typed.get(label) ?? value]),
      [`${words.window}: ISO 8601`, `${window.from} / ${window.to}`],
      [],
      ...OUTCOMES.map((outcome): SheetCell[] => [words[outcome], outcomes[outcome]]),
      [words.total, requirements.length],
      [],
      ...(books === null
        ? [[words.books, words.booksNone]]
        : (['accepted', 'events', 'rows', 'lake', 'lost', 'duplicated'] as const).map((line): SheetCell[] => [words[line], books[line]])),
      [],
      [words.reconciliation, notices.length === 0 ? words.reconciled : words.notReconciled],
      ...notices.map((notice): SheetCell[] => ['', notice]),
    ],
  };
}

function requirementsSheet({ requirements }: Assessment, { words, language, say }: Writer): Sheet {
  return {
    name: words.requirements,
    columns: [
      { title: words.requirement, width: 16 },
      { title: words.section, width: 14 },
      { title: words.title, width: 40 },
      { title: words.text, width: 60 },
      { title: words.outcome, width: 16 },
      { title: words.coverage, width: 22 },
      { title: words.reasons, width: 70 },
      { title: words.checks, width: 30 },
      { title: words.attestation, width: 50 },
      { title: words.attestedByWhom, width: 24 },
      { title: `${words.attestedAt} (UTC)`, width: 20 },
      { title: `${words.expiresAt} (UTC)`, width: 20 },
      { title: words.related, width: 40 },
    ],
    rows: requirements.map(({ id, section, title, text, outcome, coverage, reasons, checks, attestation, related }) => [
      id,
      section,
      title[language],
      text[language],
      words[outcome],
      words[coverage],
      reasons.map(say).join('\n'),
      checks.join(', '),
      attestation?.statement ?? null,
      attestation?.by ?? null,
      attestation === null ? null : { time: attestation.at },
      attestation === null ? null : { time: attestation.expiresAt },
      related.join(', '),
    ]),
  };
}

function checksSheet({ checks }: Assessment, { words, language, say }: Writer): Sheet {
  return {
    name: words.checks,
    columns: [
      { title: words.check, width: 28 },
      { title: words.version, width: 10 },
      { title: words.title, width: 50 },
      { title: words.outcome, width: 16 },
      { title: words.reasons, width: 80 },
      { title: words.evidence, width: 40 },
    ],
    rows: checks.map(({ check, version, title, outcome, reasons, evidence }) => [
      check,
      version,
      title[language],
      words[outcome],
      reasons.map(say).join('\n'),
      evidence.join(', '),
    ]),
  };
}

function evidenceSheet(assessment: Assessment, { words, language, say }: Writer): Sheet {
  return {
    name: words.evidence,
    columns: [
      { title: words.collector, width: 24 },
      { title: words.version, width: 10 },
      { title: words.title, width: 40 },
      { title: words.source, width: 14 },
      { title: words.rowCount, width: 12 },
      { title: `${words.collectedAt} (UTC)`, width: 20 },
      { title: `${words.expiresAt} (UTC)`, width: 20 },
      { title: words.expired, width: 14 },
      { title: words.gap, width: 50 },
      { title: words.identity, width: 18 },
      { title: words.file, width: 34 },
      { title: words.sha256, width: 68 },
      { title: words.query, width: 80 },
      { title: words.parameters, width: 50 },
    ],
    rows: assessment.evidence.map((piece) => [
      piece.collector,
      piece.version,
      piece.title[language],
      piece.source,
      piece.rowCount,
      { time: piece.collectedAt },
      { time: piece.expiresAt },
      hasExpired(piece, assessment),
      piece.gap === null ? null : say(piece.gap),
      piece.identity,
      rowsFile(piece.collector),
      piece.sha256,
      piece.query,
      JSON.stringify(piece.parameters),
    ]),
  };
}

function rowsSheet({ collector, columns, rows }: Evidence, { language }: Writer): Sheet {
  return {
    name: collector,
    columns: columns.map(({ title, unit, kind }) => ({
      title: `${title[language]}${unit === undefined ? '' : ` [${unit}]`}${kind === 'time' ? ' (UTC)' : ''}`,
      width: kind === 'time' ? 20 : kind === 'text' || kind === 'personal' ? 28 : 14,
    })),
    rows: rows.map((row) => columns.map((column) => typedCell(row[column.name] ?? null, column))),
  };
}

function typedCell(value: Cell, { kind }: EvidenceColumn): SheetCell {
  return kind === 'time' && typeof value === 'string' ? { time: value } : value;
}
