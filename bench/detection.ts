/**
 * What detection costs: prompts of 500 characters through the signatures and the masker of sensitive data, and the worst
 * of the texts that were made to be slow. The prompts are other people's: the harmless rows of `--rows`, by default of the development set where
 * it lies beside the project. Then harder ones: our English training texts, which look like attacks and one in twenty is, and the demo's, two
 * in five of them attacks, many in disguise or in other languages. Rates and the worst case stand on this process's CPU time, so that what else
 * the machine does is not counted; percentiles are what a caller waits, and `p99_own_ms` is that of the prompts' medians, without what the machine's
 * other work did to them.
 *
 * Options: --seconds 4  --rows FILE,… (as for `parapet eval`)  --hostile-length 100000  --json
 */
import { existsSync, readFileSync } from 'node:fs';
import { createScorer, createState, type States, update } from '../detection/behaviour/index.ts';
import { observationOf } from '../detection/behaviour/testing/script.ts';
import { shapeOf } from '../detection/behaviour/text.ts';
import { hostileTexts } from '../detection/hostile.ts';
import { createDetector, createMasker, signatures } from '../detection/index.ts';
import { readSeeds, type Seeds } from '../models/data/seeds.ts';
import { SHIPPED_ENCODER } from '../models/index.ts';
import { openClassifier } from '../models/serve/classifier.ts';
import { median, option, quantile, report, versions, words } from './report.ts';

const LENGTH = 500;
const MOST_PROMPTS = 2_000;
const DEVELOPMENT = '../shared/data/threats/dev.jsonl';
/** Of the hostile texts, so many of the slowest are measured again. */
const SUSPECTS = 8;
const seconds = option('seconds', 4);
const hostileLength = option('hostile-length', 100_000);

interface Row {
  text: string;
  label: 'attack' | 'benign';
}

const { version, inspect } = createDetector();
const { mask } = createMasker();
const detect = (text: string): void => {
  inspect([{ direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text }]);
};
const both = (text: string): void => {
  detect(text);
  mask(text);
};

const lookalikes = ownTexts();
const prompts = otherPeoples() ?? lookalikes;
const demo = rowsOf(new URL('../demo/prompts.jsonl', import.meta.url));
const usual = measure(prompts, both);
const attacked = measure(demo, both);
const figures: Record<string, number> = {
  prompts_per_s: usual.perSecond,
  p50_ms: usual.p50Ms,
  p99_ms: usual.p99Ms,
  p99_own_ms: usual.p99OwnMs,
  lookalike_prompts_per_s: measure(lookalikes, both).perSecond,
  demo_prompts_per_s: attacked.perSecond,
  demo_p99_ms: attacked.p99Ms,
  demo_p99_own_ms: attacked.p99OwnMs,
  signatures_per_s: measure(prompts, detect).perSecond,
  sensitive_data_per_s: measure(prompts, mask).perSecond,
};
figures['behaviour_events_per_s'] = behaviourPerSecond();
figures['observe_per_s'] = measure(prompts, shapeOf).perSecond;
figures['model_p50_ms'] = await modelP50Ms();
const hostile = { signatures: worst(detect), sensitiveData: worst(mask) };
figures['hostile_ms'] = hostile.signatures.ms;
figures['hostile_sensitive_data_ms'] = hostile.sensitiveData.ms;
report('detection', figures, { ...versions(), signatures: version }, { hostile });

interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  p99OwnMs: number;
}

/**
 * Takes all prompts in turn until the time is over, once to warm up: the rules' patterns and what is around them are compiled as they are
 * used, for some seconds, and a gateway runs for days.
 */
function measure(rows: readonly Row[], work: (text: string) => void): Measured {
  const prompts = promptsOf(rows);
  const warm = performance.now() + seconds * 1_000;
  while (performance.now() < warm) prompts.forEach(work);
  const took = prompts.map((): number[] => []);
  const until = performance.now() + seconds * 1_000;
  const cpu = process.cpuUsage();
  while (performance.now() < until) {
    prompts.forEach((prompt, i) => {
      const from = performance.now();
      work(prompt);
      took[i]?.push(performance.now() - from);
    });
  }
  const { user, system } = process.cpuUsage(cpu);
  const each = took.flat();
  return {
    perSecond: each.length / ((user + system) / 1e6),
    p50Ms: quantile(each, 0.5),
    p99Ms: quantile(each, 0.99),
    p99OwnMs: quantile(took.map(median), 0.99),
  };
}

/** Observations made before, through the states of a hundred users and all indicators. */
function behaviourPerSecond(): number {
  const score = createScorer();
  const agent = createState('agent') as States['agent'];
  const others = Array.from({ length: 100 }, () => ({
    user: createState('user') as States['user'],
    conversation: createState('conversation') as States['conversation'],
  }));
  const observations = Array.from({ length: 5_000 }, (_, i) =>
    observationOf({ user: `u${i % 100}`, conversation: `c${i % 100}`, tools: i % 4 === 0 ? ['search'] : [] }, i, i * 1_000),
  );
  let events = 0;
  const take = () => {
    for (const observation of observations) {
      observation.position = events;
      observation.at = 1.7e12 + events * 1_000;
      const moment = update({ agent, ...(others[events++ % 100] as (typeof others)[number]) }, observation);
      if (moment) score(moment);
    }
  };
  take();
  const before = events;
  const cpu = process.cpuUsage();
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until) take();
  const { user, system } = process.cpuUsage(cpu);
  return (events - before) / ((user + system) / 1e6);
}

/** The classifier's answer about a text that fills its 128 tokens, in one thread, with the way there and back. */
async function modelP50Ms(): Promise<number> {
  const classifier = await openClassifier({ folder: SHIPPED_ENCODER, threads: 1 });
  const text = 'the annual report lists every office of the company and who works there '.repeat(12);
  const took: number[] = [];
  for (let n = 0; n < 120; n++) {
    const from = performance.now();
    const { kind } = await classifier.read([text], 60_000);
    if (kind !== 'read') throw new Error(`the classifier was ${kind}`);
    if (n >= 20) took.push(performance.now() - from);
  }
  await classifier.close();
  return median(took);
}

/** Texts end to end, cut every 500 characters: no two prompts are the same. */
function promptsOf(rows: readonly Row[]): string[] {
  const text = rows.map((row) => row.text).join('\n');
  return Array.from({ length: Math.min(MOST_PROMPTS, Math.floor(text.length / LENGTH)) }, (_, i) =>
    text.slice(i * LENGTH, (i + 1) * LENGTH),
  );
}

/** Undefined where no file is named and the development set is not there. */
function otherPeoples(): Row[] | undefined {
  const files = words('rows') ?? [DEVELOPMENT].filter((file) => existsSync(file));
  return files.length > 0 ? files.flatMap((file) => rowsOf(file).filter(({ label }) => label === 'benign')) : undefined;
}

/** Our English training texts, an attack after each nineteen harmless ones. */
function ownTexts(): Row[] {
  const [{ attacks, benign }] = readSeeds({ languages: ['en'] }) as [Seeds];
  const labelled = (label: Row['label'], text: string): Row => ({ text, label });
  return benign.flatMap(({ text }, i) => {
    const attack = attacks[(i * 7) % attacks.length]?.text ?? '';
    return i % 19 === 18 ? [labelled('benign', text), labelled('attack', attack)] : [labelled('benign', text)];
  });
}

/** All hostile texts once, the slowest of them again: one hiccup of the machine is not a slow pattern. */
function worst(work: (text: string) => void): { name: string; ms: number } {
  const timed = (text: string) => {
    const from = process.cpuUsage();
    work(text);
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1_000;
  };
  const first = hostileTexts(hostileLength, signatures).map((each) => ({ ...each, ms: timed(each.text) }));
  const slowest = first.sort((a, b) => b.ms - a.ms).slice(0, SUSPECTS);
  const again = slowest.map(({ name, text }) => ({ name, ms: median([0, 1, 2, 3, 4].map(() => timed(text))) }));
  return again.reduce((a, b) => (b.ms > a.ms ? b : a));
}

function rowsOf(file: string | URL): Row[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}
