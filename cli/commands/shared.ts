/**
 * What every command's flags are made of: how options are read, how the log is opened for one command, what is shown meanwhile.
 * Nothing here starts an engine by being imported, so that `parapet --help` stays quick; a command imports its work when it runs.
 */
import { Option } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import type { DecideParts } from '../dead.ts';
import { openCodec, openLog } from '../stores.ts';

/** What was typed makes no sense: `main.ts` says so, with where to read more, and ends with exit code 2. */
export class WrongCommand extends Error {}

export const json = new Option('--json', 'print one JSON object as the last line');

export function known<Name extends string>(names: string[], all: readonly Name[]): Name[] {
  const strange = names.filter((name) => !all.some((each) => each === name));
  if (strange.length > 0) throw new WrongCommand(`unknown: ${strange.join(', ')} (there are ${all.join(', ')})`);
  return names as Name[];
}

/** The values of an option that may be repeated. */
export function gathered(value: string, before: string[] = []): string[] {
  return [...before, value];
}

export function positive(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new WrongCommand(`${text} is not a number`);
  return number;
}

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new WrongCommand(`${text} is not a time such as 60m, 12h or 2d`);
  return Number(count) * (UNITS_MS[unit] as number);
}

/** Milliseconds since 1970. */
export function time(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new WrongCommand(`${text} is not a time (ISO 8601, e.g. 2026-11-21T14:00:00Z)`);
  return at;
}

/** Opens the log for one command and closes it whatever happens. */
export async function withLog<T>(work: (parts: DecideParts) => Promise<T>): Promise<T> {
  const env = readEnvironment();
  const log = await openLog(env);
  try {
    return await work({ log, codec: await openCodec(env), org: env.PARAPET_ORG });
  } finally {
    await log.close();
  }
}

let shownAt = 0;

/** One line of progress on standard error, rewritten in place on a terminal, every few seconds elsewhere. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else if (Date.now() - shownAt > 2_000) {
    shownAt = Date.now();
    process.stderr.write(`${text}\n`);
  }
}

export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
