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

export function report(bench: string, figures: Record<string, number>, versionsUsed: Record<string, string>): void {
  const rounded = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(5))]));
  console.table(rounded);
  console.log(`machine: ${JSON.stringify(machine())}\nversions: ${JSON.stringify(versionsUsed)}`);
  if (process.argv.includes('--json')) console.log(JSON.stringify({ bench, figures: rounded, machine: machine(), versions: versionsUsed }));
}

export const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** `--name value` of the command line. */
export function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}
