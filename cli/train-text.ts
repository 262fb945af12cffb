/** What `parapet train` found, for a person. */
import type { Figures } from '../detection/evaluation/metrics.ts';
import type { Trained } from './train.ts';

const MOST_RULES = 10;

export function renderTrained(trained: Trained): string[] {
  const { taught, heldBack, skipped, base, current, held, others, shadow, rules, objections, file, published } = trained;
  const left = Object.entries({
    'not in the log any more': skipped.notInLog,
    erased: skipped.erased,
    'without a text': skipped.noText,
    'about behaviour, answers or requests for harm': skipped.notText,
  }).filter(([, count]) => count > 0);
  const wrong = rules.filter(({ falsePositives }) => falsePositives > 0).slice(0, MOST_RULES);
  return [
    `base ${base}, current model ${current}; ${taught} verdicts taught, ${heldBack} held back`,
    ...(left.length > 0 ? [`nothing to learn from: ${left.map(([why, count]) => `${count} ${why}`).join(', ')}`] : []),
    '',
    'set                   rows   attacks blocked   alert             benign blocked    alert',
    ...[held, ...others].map(({ name, current: before, candidate: after }) =>
      [
        name.padEnd(20),
        String(before.rows).padStart(5),
        ...(['tprBlock', 'tprAlert', 'fprBlock', 'fprAlert'] as const).map((rate) => change(before, after, rate).padEnd(16)),
      ]
        .join('  ')
        .trimEnd(),
    ),
    '',
    `${shadow.interactions} newest interactions: ${shadow.both} raise an alert with both, ${shadow.onlyCurrent} with the current model only, ${shadow.onlyCandidate} with the candidate only`,
    ...wrong.map(
      ({ ruleId, falsePositives, truePositives }) => `${ruleId}: ${falsePositives} false, ${truePositives} true alarms${advice(ruleId)}`,
    ),
    ...(objections.length === 0 ? ['the candidate is better'] : objections.map((reason) => `not better: ${reason}`)),
    ...(published === undefined
      ? [`the candidate lies in ${file}; nothing was published`]
      : [`published as bundle ${published.version}, signed with ${published.keyId}`, ...published.notices]),
  ];
}

/** A model's word is its weights'; a rule's is its own. */
function advice(ruleId: string): string {
  return ruleId.startsWith('MD-') ? '' : ' (a rule is mended or switched off with `parapet signatures add`)';
}

function change(before: Figures, after: Figures, rate: 'tprBlock' | 'tprAlert' | 'fprBlock' | 'fprAlert'): string {
  return `${percent(before[rate])} → ${percent(after[rate])}`;
}

const percent = (value: number | null) => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);
