/**
 * A signature knows words, not who says them to whom: a report that quotes an attack holds the same ones. So where signatures are
 * sure but not beyond doubt, the classifier reads all that was sent from end to end, and what they say may come to an alert instead
 * of a block. All of it, since a rule is found once: where it also stands nobody has looked.
 *
 * What it may not take back: what it was not trained on (secrets, code for databases and shells), what came to light only when a text
 * was made readable, since nobody quotes in disguise, and anything in a request too long for it.
 */
import type { Segment } from '../../schemas/content.ts';
import { isEnglish } from '../guesses.ts';
import { counts, riskScore } from '../score.ts';
import type { Finding, Inspection, ThreatType } from '../types.ts';

/** Risks, by signatures alone, about which the classifier is asked: from one, below the other. */
export interface DoubtedRisks {
  from: number;
  below: number;
}

export interface Doubt {
  /** All that must be read. */
  windows: string[];
  /** What the risk comes to when nothing of that is an attack. */
  risk: number;
}

const JUDGED: readonly ThreatType[] = ['prompt_injection', 'jailbreak', 'system_prompt_extraction', 'data_exfiltration'];
/** What the classifier reads at once: 128 tokens of English. */
export const WINDOW_CHARS = 480;
const LONGEST_STEP = 400;
const MOST_WINDOWS = 4;

/** Undefined where the signatures' word stands, whatever a classifier says. */
export function doubtOf(
  { findings, riskScore: risk }: Inspection,
  segments: readonly Segment[],
  { from, below }: DoubtedRisks,
): Doubt | undefined {
  if (risk < from || risk >= below) return undefined;
  const mayBeQuoted = ({ threatType, via, direction }: Finding) =>
    JUDGED.includes(threatType) && via.length === 0 && direction === 'request';
  const counting = findings.filter(counts);
  const held = riskScore(counting.filter((finding) => !mayBeQuoted(finding)));
  if (held >= from) return undefined;
  const read = segments.filter((segment) => isRead(segment) && segment.text.trim() !== '');
  const paths = new Set(read.map(({ path }) => path));
  const windows = read.flatMap(({ text }) => windowsOf(text));
  if (windows.length > MOST_WINDOWS || !read.every(({ text }) => isEnglish(text))) return undefined;
  if (!counting.filter(mayBeQuoted).every(({ path }) => paths.has(path))) return undefined;
  return { windows, risk: from - 1 };
}

/** What the operator wrote is trusted, and what the model answered is the signatures' matter: neither was it trained on. */
export function isRead({ direction, role, kind }: Segment): boolean {
  return direction === 'request' && ((role !== 'system' && role !== 'developer') || kind === 'tool_definition');
}

/** From end to end, each as long as can be: what is cut off from its frame looks like an attack. */
function windowsOf(text: string): string[] {
  const spare = Math.max(0, text.length - WINDOW_CHARS);
  const steps = Math.ceil(spare / LONGEST_STEP);
  const step = steps === 0 ? 0 : spare / steps;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const from = Math.round(i * step);
    return text.slice(from, from + WINDOW_CHARS).toWellFormed();
  });
}
