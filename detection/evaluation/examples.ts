/** What the detector got wrong, a few of each sort, cut short and escaped: enough to see why, too little to be obeyed. */
import type { Judged } from './layers.ts';
import { shown } from './shown.ts';

export interface Example {
  id: string;
  kind: string;
  lang: string;
  score: number;
  rules: string[];
  text: string;
}

export interface Examples {
  missed: Example[];
  falseAlarms: Example[];
}

/** The false alarms that were surest, and missed attacks of as many kinds as there are. */
export function examplesOf(judged: readonly Judged[], alert: number, limit: number): Examples {
  const missed = judged.filter(({ label, score }) => label === 'attack' && score < alert);
  const alarms = judged.filter(({ label, score }) => label === 'benign' && score >= alert).sort((a, b) => b.score - a.score);
  return { missed: byTurns(missed, limit).map(exampleOf), falseAlarms: alarms.slice(0, limit).map(exampleOf) };
}

/** One of each kind, then a second of each, until there are enough. */
function byTurns(rows: readonly Judged[], limit: number): Judged[] {
  const kinds = [...Map.groupBy(rows, ({ kind }) => kind).values()];
  const longest = Math.max(0, ...kinds.map(({ length }) => length));
  const out: Judged[] = [];
  for (let turn = 0; turn < longest && out.length < limit; turn++) out.push(...kinds.flatMap((of) => of[turn] ?? []));
  return out.slice(0, limit);
}

function exampleOf({ id, kind, lang, score, rules, text }: Judged): Example {
  return { id: shown(id, 60), kind: shown(kind, 40), lang: shown(lang, 20), score, rules: rules.slice(0, 5), text: shown(text) };
}
