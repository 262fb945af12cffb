/** The requirements as one table (RFC 4180), for those who keep their own register of controls. */
import type { ReportInput } from './model.ts';
import { looksLikeFormula } from './signs.ts';
import { writerFor } from './words.ts';

export function renderCsv({ assessment, language }: ReportInput): Uint8Array {
  const { words, say } = writerFor(language);
  const { framework, org, period } = assessment;
  const head = [
    words.framework,
    words.organisation,
    words.period,
    words.requirement,
    words.section,
    words.title,
    words.outcome,
    words.coverage,
    words.reasons,
    words.checks,
    words.attestedByWhom,
    `${words.attestedAt} (UTC)`,
    `${words.expiresAt} (UTC)`,
    words.related,
  ];
  const rows = assessment.requirements.map(({ id, section, title, outcome, coverage, reasons, checks, attestation, related }) => [
    `${framework.id} ${framework.version}`,
    org,
    period,
    id,
    section,
    title[language],
    words[outcome],
    words[coverage],
    reasons.map(say).join(' '),
    checks.join(', '),
    attestation?.by ?? '',
    attestation?.at ?? '',
    attestation?.expiresAt ?? '',
    related.join(', '),
  ]);
  // The mark at the start tells Excel that it is UTF-8.
  return new TextEncoder().encode(`\uFEFF${[head, ...rows].map((row) => row.map(field).join(',')).join('\r\n')}\r\n`);
}

/** A text that a spreadsheet would run is led by an apostrophe, which it takes as the sign of a text. */
function field(text: string): string {
  const safe = looksLikeFormula(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
