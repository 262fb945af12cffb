/**
 * Measures detection on labelled texts: recall by kind, false positives by kind, cost per text, worst case, and the
 * masker's recall and precision. The subtle point is the question asked: each text is inspected alone, as a user's
 * message, and counts as flagged when its risk score reaches `--threshold`; so an attack that is one only because of
 * where it stands is counted as missed.
 *
 *   node detection/evaluate.ts --threats rows.jsonl --pii spans.jsonl [--threshold 50] [--rules] [--json]
 */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Segment } from '../schemas/content.ts';
import { createDetector } from './detector.ts';
import { hostileTexts } from './hostile.ts';
import { createMasker } from './pii/masker.ts';
import { signatures } from './signatures/index.ts';
import type { Detector } from './types.ts';

interface ThreatRow {
  text: string;
  label: 'attack' | 'benign';
  kind: string;
  lang: string;
}
interface PiiRow {
  text: string;
  spans: { type: string; start: number; end: number; value: string }[];
}

const BENIGN_500 =
  'Could you help me plan a weekend in Lisbon for two people who like food, music and old buildings? We arrive on Friday ' +
  'evening and leave on Sunday afternoon, and we would rather walk than drive. Please suggest a simple schedule with one ' +
  'market, one museum and a place to hear live music, and give a short reason for each choice. We do not eat meat, and one ' +
  'of us has trouble with stairs, so mention when a stop has many of them. Keep the answer under three hundred words, thanks!';

function main(): void {
  const { values } = parseArgs({
    options: {
      threats: { type: 'string', multiple: true },
      pii: { type: 'string' },
      threshold: { type: 'string', default: '50' },
      rules: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const started = performance.now();
  const detector = createDetector();
  const figures: Record<string, number> = { signatures: signatures.length, buildMs: round(performance.now() - started, 1) };
  for (const path of values.threats ?? [])
    Object.assign(figures, measureThreats(detector, readRows<ThreatRow>(path), Number(values.threshold), values.rules));
  Object.assign(figures, measureSpeed(detector), measureWorstCase(detector));
  if (values.pii) Object.assign(figures, measureMasking(readRows<PiiRow>(values.pii)));
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(44)} ${value}`);
  if (values.json) {
    const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30) };
    const versions = { node: process.version, signatures: detector.version };
    console.log(JSON.stringify({ bench: 'detection', figures, machine, versions }));
  }
}

/** Recall and false positives, in per cent, and microseconds per text. */
function measureThreats(detector: Detector, rows: ThreatRow[], threshold: number, perRule: boolean): Record<string, number> {
  const byKind = new Map<string, { flagged: number; all: number }>();
  const byLanguage = new Map<string, { flagged: number; all: number }>();
  const byRule = new Map<string, { attack: number; benign: number; benignFlagged: number }>();
  const micros: { length: number; us: number }[] = [];
  for (const row of rows) inspectText(detector, row.text); // warm
  for (const row of rows) {
    const from = process.hrtime.bigint();
    const { findings, riskScore } = inspectText(detector, row.text);
    micros.push({ length: row.text.length, us: Number(process.hrtime.bigint() - from) / 1000 });
    const flagged = riskScore >= threshold;
    count(byKind, `${row.label} ${row.kind}`, flagged);
    count(byKind, row.label, flagged);
    if (row.kind !== 'harmful_request') count(byKind, `${row.label} without harmful_request`, flagged);
    count(byLanguage, `${row.label} ${row.lang}`, flagged);
    for (const { ruleId } of findings) {
      const rule = byRule.get(ruleId) ?? { attack: 0, benign: 0, benignFlagged: 0 };
      rule[row.label]++;
      if (flagged && row.label === 'benign') rule.benignFlagged++;
      byRule.set(ruleId, rule);
    }
  }
  for (const [kind, { flagged, all }] of [...byKind, ...[...byLanguage].filter(([, { all }]) => all >= 20)]) {
    console.log(`  ${kind.padEnd(44)} ${String(flagged).padStart(6)} of ${String(all).padStart(6)}  ${percent(flagged, all)} %`);
  }
  if (perRule) {
    const sorted = [...byRule].sort((a, b) => b[1].benignFlagged - a[1].benignFlagged || b[1].benign - a[1].benign);
    for (const [id, { attack, benign, benignFlagged }] of sorted)
      console.log(`  ${id}  attack ${attack}  benign ${benign}  in flagged benign ${benignFlagged}`);
  }
  const of = (key: string): number => percent(byKind.get(key)?.flagged ?? 0, byKind.get(key)?.all ?? 1);
  return {
    rows: rows.length,
    recallPercent: of('attack'),
    recallWithoutHarmfulRequestsPercent: of('attack without harmful_request'),
    falsePositivePercent: of('benign'),
    usP50: quantile(micros, 0.5),
    usP99: quantile(micros, 0.99),
    usP50Under500: quantile(
      micros.filter(({ length }) => length < 500),
      0.5,
    ),
    usP50From500To2000: quantile(
      micros.filter(({ length }) => length >= 500 && length < 2000),
      0.5,
    ),
    usP50Over2000: quantile(
      micros.filter(({ length }) => length >= 2000),
      0.5,
    ),
  };
}

function measureSpeed(detector: Detector): Record<string, number> {
  const long = `${BENIGN_500}\n`.repeat(200).slice(0, 100_000);
  return { usBenign500: bestOf(detector, BENIGN_500, 4000), msBenign100k: round(bestOf(detector, long, 20) / 1000, 2) };
}

function measureWorstCase(detector: Detector): Record<string, number> {
  let worst = { name: '', ms: 0 };
  for (const { name, text } of hostileTexts(100_000, signatures)) {
    const ms = bestOf(detector, text, 2) / 1000;
    if (ms > worst.ms) worst = { name, ms };
  }
  console.log(`  worst of the hostile texts: ${worst.name}`);
  return { msWorstHostile100k: round(worst.ms, 1) };
}

/** Share of labelled spans masked, and share of masks that touch a labelled span, in per cent. */
function measureMasking(rows: PiiRow[]): Record<string, number> {
  const masker = createMasker();
  const types = ['CREDIT_CARD', 'PHONE_NUMBER', 'EMAIL_ADDRESS', 'IBAN_CODE', 'US_SSN', 'IP_ADDRESS'];
  const found = new Map<string, { flagged: number; all: number }>();
  let right = 0;
  let wrong = 0;
  for (const { text, spans } of rows) {
    const hits = masker.find(text);
    for (const span of spans) {
      if (types.includes(span.type))
        count(
          found,
          span.type,
          hits.some((hit) => hit.start < span.end && span.start < hit.end),
        );
    }
    for (const hit of hits) {
      if (spans.some((span) => hit.start < span.end && span.start < hit.end && !['PERSON', 'GPE', 'ORGANIZATION'].includes(span.type)))
        right++;
      else wrong++;
    }
  }
  const figures: Record<string, number> = { piiPrecisionPercent: percent(right, right + wrong) };
  let flagged = 0;
  let all = 0;
  for (const [type, tally] of found) {
    figures[`piiRecall_${type}_percent`] = percent(tally.flagged, tally.all);
    flagged += tally.flagged;
    all += tally.all;
  }
  return { piiRecallPercent: percent(flagged, all), ...figures };
}

function inspectText(detector: Detector, text: string): ReturnType<Detector['inspect']> {
  const segment: Segment = { direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text };
  return detector.inspect([segment]);
}

/** Microseconds of the median of nine rounds. */
function bestOf(detector: Detector, text: string, times: number): number {
  const rounds: number[] = [];
  for (let round = 0; round < 9; round++) {
    const from = performance.now();
    for (let i = 0; i < times; i++) inspectText(detector, text);
    rounds.push(((performance.now() - from) * 1000) / times);
    if (rounds[0] !== undefined && rounds[0] * times > 2_000_000) break;
  }
  return round(rounds.sort((a, b) => a - b)[rounds.length >> 1] ?? 0, 2);
}

function count(into: Map<string, { flagged: number; all: number }>, key: string, flagged: boolean): void {
  const tally = into.get(key) ?? { flagged: 0, all: 0 };
  tally.all++;
  if (flagged) tally.flagged++;
  into.set(key, tally);
}
function quantile(list: { us: number }[], share: number): number {
  const sorted = list.map(({ us }) => us).sort((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0, 1);
}
function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : round((100 * part) / whole, 2);
}
function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
function readRows<Row>(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

main();
