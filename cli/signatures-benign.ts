/** How often rules cry wolf: every rule over texts that are known to be harmless. */
import { readFileSync } from 'node:fs';
import { ParapetError } from '../core/errors.ts';
import { parseThreatRow } from '../detection/evaluation/rows.ts';
import { createDetector, type Signature } from '../detection/index.ts';

export interface FalseAlarms {
  texts: number;
  /** Texts in which each rule fires; those that never do are left out. */
  byRule: { id: string; texts: number }[];
}

/** Rows as `parapet eval` reads them (docs/evaluation.md), of which those that are labelled attacks are passed over. */
export function falseAlarms(rules: readonly Signature[], file: string): FalseAlarms {
  const detector = createDetector({ signatures: rules });
  const counts = new Map<string, number>();
  let texts = 0;
  for (const [i, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseThreatRow(Buffer.from(line));
    if ('problem' in parsed) throw new ParapetError('PARAPET_EVALUATION_FILE', { message: `${file}:${i + 1} ${parsed.problem}.` });
    if (parsed.row.label === 'attack') continue;
    texts += 1;
    const segment = { role: 'user', kind: 'text', path: 'text', text: parsed.row.text } as const;
    const { findings } = detector.inspect([
      { ...segment, direction: 'request' },
      { ...segment, direction: 'response', role: 'assistant' },
    ]);
    for (const id of new Set(findings.map(({ ruleId }) => ruleId))) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return { texts, byRule: [...counts].map(([id, count]) => ({ id, texts: count })).sort((a, b) => b.texts - a.texts) };
}
