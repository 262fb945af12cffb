/** What checks have in common: how they read rows, and how they say what they found. */
import { reason, words } from '../localized.ts';
import type { Cell, Check, Evidence, JudgeContext, Judgement, Localized, Outcome, Row } from '../types.ts';

export interface Facts {
  rows(collector: string): readonly Row[];
  /** When it was collected, milliseconds since 1970: what ages are counted to. */
  collectedMs(collector: string): number;
}

export interface CheckSpec {
  id: string;
  version?: number;
  title: Localized;
  evidence: readonly string[];
  judge(facts: Facts, context: JudgeContext): Judgement;
}

export function check({ judge, version = 1, ...spec }: CheckSpec): Check {
  return {
    ...spec,
    version,
    judge: (evidence, context) =>
      judge(
        {
          rows: (collector) => of(evidence, collector).rows,
          collectedMs: (collector) => Date.parse(of(evidence, collector).collectedAt),
        },
        context,
      ),
  };
}

function of(evidence: ReadonlyMap<string, Evidence>, collector: string): Evidence {
  const found = evidence.get(collector);
  if (found === undefined) throw new Error(`The check names no evidence "${collector}".`);
  return found;
}

type Said = Readonly<Record<string, Cell>>;

function saying(outcome: Outcome) {
  return (text: Localized, values: Said = {}): Judgement => ({ outcome, reasons: [reason(text, values)] });
}

export const pass = saying('pass');
export const fail = saying('fail');
export const gap = saying('gap');
export const notApplicable = saying('not_applicable');

export const number = (row: Row, name: string): number => Number(row[name] ?? 0);
export const text = (row: Row, name: string): string => String(row[name] ?? '');
export const sum = (rows: readonly Row[], name: string): number => rows.reduce((total, row) => total + number(row, name), 0);
export const most = (rows: readonly Row[], name: string): number => rows.reduce((high, row) => Math.max(high, number(row, name)), 0);
export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
export const DAY_MS = 86_400_000;

const SHOWN = 5;

/** The first few, as a text; the evidence has all. */
export function listed(names: readonly string[]): string {
  const all = [...new Set(names)].sort();
  return all.length > SHOWN ? `${all.slice(0, SHOWN).join(', ')}, …` : all.join(', ');
}

export const NO_CALLS = words(
  'No call of this organisation reached a vendor in the window.',
  'Im Zeitraum erreichte kein Aufruf dieser Organisation einen Anbieter.',
  'Aucun appel de cette organisation n’a atteint un fournisseur pendant la période.',
  'Ninguna llamada de esta organización llegó a un proveedor en el periodo.',
);

export const NO_THREATS = words(
  'No threat was found in the window, so there was nothing to do about any.',
  'Im Zeitraum wurde keine Bedrohung gefunden, es war also nichts zu tun.',
  'Aucune menace n’a été détectée pendant la période : il n’y avait rien à traiter.',
  'No se detectó ninguna amenaza en el periodo, así que no había nada que tratar.',
);
