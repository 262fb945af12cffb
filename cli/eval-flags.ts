/** The options of `parapet eval` as they were typed, made into what it works with, or into what is wrong with them. */
import { extname } from 'node:path';
import { FIELDS, type Filter, LAYERS, type LayerName } from '../detection/evaluation/index.ts';
import type { EvalOptions } from './eval.ts';
import { REPORT_ENDINGS } from './eval-files.ts';

export interface EvalFlags {
  pii?: boolean;
  harmful?: boolean;
  /** Names with commas between. */
  layers?: string;
  /** Each `field=value,…`. */
  exclude?: string[];
  examples: number;
  encodings?: boolean;
  report?: string[];
  record?: boolean;
  /** Shares of one. */
  tprAtLeast?: number;
  fprAtMost?: number;
  json?: boolean;
}

/** A wrong option comes back as the sentence to say about it. */
export function evalOptions(flags: EvalFlags): Pick<EvalOptions, 'layers' | 'exclude' | 'examples' | 'encodings' | 'reports'> | string {
  const { layers = LAYERS.join(','), exclude = [], examples, encodings = false, report: reports = [] } = flags;
  const names = layers.split(',');
  const strange = names.filter((name) => !LAYERS.some((layer) => layer === name));
  if (strange.length > 0) return `unknown layer: ${strange.join(', ')} (there are ${LAYERS.join(', ')})`;
  const filters = exclude.map(filterOf);
  const wrong = exclude.find((_, i) => filters[i] === undefined);
  if (wrong !== undefined) return `--exclude ${wrong}: say field=value, of ${FIELDS.join(', ')}`;
  const report = reports.find((path) => !REPORT_ENDINGS.includes(extname(path)));
  if (report !== undefined) return `--report ${report}: the name ends in ${REPORT_ENDINGS.join(' or ')}`;
  return {
    layers: LAYERS.filter((layer): layer is LayerName => names.includes(layer)),
    exclude: filters.filter((filter) => filter !== undefined),
    examples,
    encodings,
    reports,
  };
}

/** What `--pii` cannot be asked together with; undefined when nothing was. */
export function besidesPii({ layers, exclude, encodings, report, record, harmful }: EvalFlags): string | undefined {
  return besides('--pii', { layers, exclude, encodings, report, record, harmful });
}

/** The same of `--harmful`. */
export function besidesHarmful({ encodings, report, record }: EvalFlags): string | undefined {
  return besides('--harmful', { encodings, report, record });
}

function besides(what: string, others: Partial<EvalFlags>): string | undefined {
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : `${what} cannot be combined with ${given.map(([name]) => `--${name}`).join(', ')}`;
}

function filterOf(text: string): Filter | undefined {
  const filter: Filter = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const field = FIELDS.find((name) => name === pair.slice(0, at));
    if (field === undefined) return undefined;
    filter[field] = pair.slice(at + 1);
  }
  return filter;
}
