/** The page of all indicators, made from them so that it cannot say otherwise: `npm run docs`. */
import { THEMES } from './indicators/index.ts';
import { BEHAVIOUR_ALERT, PRIOR, SLOPE } from './score.ts';

export function behaviourPage(): string {
  const all = Object.values(THEMES).flat();
  const themes = Object.entries(THEMES).flatMap(([theme, indicators]) => [
    `## ${theme[0]?.toUpperCase()}${theme.slice(1)}`,
    '',
    '| Id | Indicator | Scope | Compares with | From | Family | Weight | Severity | Techniques |',
    '|---|---|---|---|---|---|---|---|---|',
    ...indicators.map(
      ({ id, name, description, scope, compares, minimum, minimumDays, family, weight, severity, techniques }) =>
        `| \`${id}\` | **${name}.** ${description} | ${scope} | ${compares} | ${fromOf(minimum, minimumDays)} | ${family} | ${weight} | ${severity} | ${techniques.join(', ')} |`,
    ),
    '',
  ]);
  return [
    '# Behaviour',
    '',
    `Layer 2 of detection: ${all.length} indicators compare each interaction with what its user, its agent and its conversation are used to.`,
    'Made from `detection/behaviour/indicators` by `npm run docs`; the examples of every indicator run as tests.',
    '',
    '- **Evidence** is 0 to 1 and never falls while the deviation grows. Evidence times weight is log-odds; of one family the strongest',
    '  counts whole and the others a fifth, so that ten names for one fact do not add up.',
    `- **Risk** is 0 to 100: how far the odds come up from ${PRIOR} (slope ${SLOPE}). The points of its contributions add up to it.`,
    `  From ${BEHAVIOUR_ALERT} on there are findings, of the up to five indicators with most points.`,
    '- **Cold start**: "own" waits for the number of observations given, "peers" for so many hourly reports of at least three users;',
    '  "absolute" needs no past.',
    '- **State** is one record for each user, agent and conversation, of fixed size below 4 KiB, with the position it reflects. Baselines fade',
    '  with a time constant of twenty days, refuse to learn outliers whole, and learn recent counts at most every ten minutes.',
    '- **In the stream** the processor `behave` asks them of every interaction and emits a threat for each finding; how it remembers:',
    '  [architecture.md](architecture.md), 5.',
    '- Weights were chosen on simulated traffic (`detection/behaviour/testing`), not fitted to real incidents: on your own traffic look at',
    '  the contributions first, then at the number.',
    '',
    ...themes,
  ].join('\n');
}

function fromOf(minimum: number, days: number): string {
  if (minimum === 0) return 'the first';
  return days === 0 ? `${minimum}` : `${minimum} on ${days} days`;
}
