/** How every bench reports: a table for people, and with `--json` one object as the last line for scripts. */

import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export function machine(): Record<string, string | number> {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}/${process.arch}`,
  };
}

export function versions(...packages: string[]): Record<string, string> {
  const of = (name: string) =>
    (JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')) as { version: string }).version;
  return { node: process.version, ...Object.fromEntries(packages.map((name) => [name, of(name)])) };
}

/** `more` is what a script may want besides the figures: a history, a profile. */
export function report(
  bench: string,
  figures: Record<string, number>,
  versionsUsed: Record<string, string>,
  more: Record<string, unknown> = {},
): void {
  const rounded = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(5))]));
  console.table(rounded);
  console.log(`machine: ${JSON.stringify(machine())}\nversions: ${JSON.stringify(versionsUsed)}`);
  if (flag('json')) console.log(JSON.stringify({ bench, figures: rounded, machine: machine(), versions: versionsUsed, ...more }));
}

export const median = (values: number[]) => quantile(values, 0.5);

export function quantile(values: number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** `--name value` of the command line. */
export function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

/** `--name a,b` of the command line: the words; undefined without the option or its words. */
export function words(name: string): string[] | undefined {
  const text = process.argv[process.argv.indexOf(`--${name}`) + 1];
  return !flag(name) || text === undefined || text.startsWith('--') ? undefined : text.split(',');
}

/** `--name` of the command line. */
export const flag = (name: string) => process.argv.includes(`--${name}`);
