/**
 * The condition of a Sigma rule, `selection and not 1 of filter*`, as alternatives of which each lists what must and what must
 * not be there. Its names are those of the selections; each must be asked for, since what nobody asks for was forgotten.
 */
import { Reason, type Term } from './sigma-values.ts';

export type Expression = { kind: 'term'; term: Term } | { kind: 'and' | 'or'; of: Expression[] } | { kind: 'not'; of: Expression };

/** All of these at once. */
export type Alternative = { term: Term; wanted: boolean }[];

const MAX_ALTERNATIVES = 64;
const TOKEN = /\(|\)|[\w*]+|\S/g;

/** Throws a `Reason` where the condition says more. */
export function readCondition(condition: string, selections: ReadonlyMap<string, Expression>): Expression {
  const tokens = condition.match(TOKEN) ?? [];
  const asked = new Set<string>();
  let at = 0;

  const isNext = (word: string): boolean => tokens[at]?.toLowerCase() === word && ++at > 0;
  const chain = (kind: 'and' | 'or', next: () => Expression): Expression => {
    const of = [next()];
    while (isNext(kind)) of.push(next());
    return of.length === 1 ? (of[0] as Expression) : { kind, of };
  };
  const any = (): Expression => chain('or', () => chain('and', one));

  function one(): Expression {
    if (isNext('not')) return { kind: 'not', of: one() };
    if (isNext('(')) {
      const inner = any();
      if (!isNext(')')) throw new Reason(`its condition lacks a bracket: ${condition.slice(0, 80)}`);
      return inner;
    }
    const word = tokens[at++] ?? '';
    if (tokens[at]?.toLowerCase() !== 'of') return named(word);
    at++;
    if (!/^(?:1|any|all)$/i.test(word)) throw new Reason(`its condition counts "${word} of", only 1 of, any of and all of can be said`);
    return { kind: /^all$/i.test(word) ? 'and' : 'or', of: matching(tokens[at++] ?? '') };
  }

  function named(name: string): Expression {
    const selection = selections.get(name);
    if (selection === undefined) throw new Reason(`its condition asks for "${name}", which cannot be said or is not there`);
    asked.add(name);
    return selection;
  }

  function matching(name: string): Expression[] {
    const shape = new RegExp(`^${name === 'them' ? '(?!_).*' : name.replace(/[^\w*]/g, '').replaceAll('*', '.*')}$`);
    const names = [...selections.keys()].filter((each) => shape.test(each));
    if (names.length === 0) throw new Reason(`there is no ${name} in it`);
    return names.map(named);
  }

  const whole = any();
  if (at < tokens.length) throw new Reason(`its condition says more than and, or, not and of: ${condition.slice(0, 80)}`);
  const forgotten = [...selections.keys()].filter((name) => !asked.has(name));
  if (forgotten.length > 0) throw new Reason(`its condition does not ask for ${forgotten.join(', ')}`);
  return whole;
}

/** The same, with `or` outermost; what is wanted in one of several forms stays one term where it can. */
export function alternativesOf(expression: Expression, wanted = true): Alternative[] {
  if (expression.kind === 'term') return [[{ term: expression.term, wanted }]];
  if (expression.kind === 'not') return alternativesOf(expression.of, !wanted);
  const parts = expression.of.map((each) => alternativesOf(each, wanted));
  // Not (a or b) is neither: what is unwanted joins the other way.
  if ((expression.kind === 'or') === wanted) return within(joined(parts.flat()));
  return parts.reduce<Alternative[]>((made, part) => within(made.flatMap((one) => part.map((other) => [...one, ...other]))), [[]]);
}

/** Alternatives of one wanted term each, and of one kind, are one term. */
function joined(alternatives: Alternative[]): Alternative[] {
  const out: Alternative[] = [];
  for (const alternative of alternatives) {
    const only = alternative.length === 1 ? alternative[0] : undefined;
    const known = out.findIndex(
      ([first, second]) => second === undefined && only?.wanted && first?.wanted && isAlike(first.term, only.term),
    );
    const before = out[known]?.[0];
    if (only === undefined || before === undefined) out.push(alternative);
    else out[known] = [{ term: { ...before.term, options: [...before.term.options, ...only.term.options] }, wanted: true }];
  }
  return out;
}

export function isAlike(a: Term, b: Term): boolean {
  return a.on === b.on && a.flags === b.flags && a.direction === b.direction;
}

function within(alternatives: Alternative[]): Alternative[] {
  if (alternatives.length > MAX_ALTERNATIVES) throw new Reason(`it has more than ${MAX_ALTERNATIVES} alternatives`);
  return alternatives;
}
