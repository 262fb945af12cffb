/**
 * Finds frameworks: the five that come with Parapet, a file by its path, or the files of a customer's folder. All are read by the
 * same rules, also our own: a check that was renamed is found when the framework is loaded, not when an auditor asks.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Framework } from '../types.ts';
import { invalidFramework, parseFramework } from './format.ts';

export interface FrameworkSources {
  /** Ids of the checks that exist. */
  checks: { has(id: string): boolean };
  /** A customer's folder: every `.json` file in it is a framework. */
  folder?: string | undefined;
}

const SHIPPED = {
  'NIST-AI-RMF': 'nist-ai-rmf.json',
  'ISO-42001': 'iso-42001.json',
  SOC2: 'soc2.json',
  'EU-AI-ACT': 'eu-ai-act.json',
  GDPR: 'gdpr.json',
} as const;
export const SHIPPED_FRAMEWORKS = Object.keys(SHIPPED) as (keyof typeof SHIPPED)[];

const MAX_FILE_CHARS = 8 * 1024 * 1024;

/** An id, or a path that ends in `.json`. Throws PARAPET_FRAMEWORK_INVALID. */
export function loadFramework(idOrPath: string, sources: FrameworkSources): Framework {
  const shipped = SHIPPED_FRAMEWORKS.find((id) => id === idOrPath);
  if (shipped !== undefined) return parseFramework(textOf(shipped), shipped, { ...sources, requirements: shippedRequirements() });
  if (idOrPath.toLowerCase().endsWith('.json')) return ownFramework(idOrPath, sources);
  const frameworks = folderFrameworks(sources);
  const found = frameworks.find(({ id }) => id === idOrPath);
  if (found !== undefined) return found;
  const ids = [...SHIPPED_FRAMEWORKS, ...frameworks.map(({ id }) => id)];
  throw invalidFramework(idOrPath, [`there is no such framework; there are ${ids.join(', ')}, and any path that ends in .json`]);
}

/** Those that come with Parapet, then those of the folder in the order of their files. Throws PARAPET_FRAMEWORK_INVALID. */
export function listFrameworks(sources: FrameworkSources): Framework[] {
  return [...SHIPPED_FRAMEWORKS.map((id) => loadFramework(id, sources)), ...folderFrameworks(sources)];
}

function folderFrameworks(sources: FrameworkSources): Framework[] {
  const { folder } = sources;
  if (folder === undefined) return [];
  const frameworks = filesOf(folder).map((file) => ({ file, framework: ownFramework(join(folder, file), sources) }));
  const mistakes = frameworks
    .map(({ file, framework }) => ({
      file,
      id: framework.id,
      first: frameworks.find((other) => other.framework.id === framework.id)?.file,
    }))
    .filter(({ file, first }) => first !== file)
    .map(({ file, id, first }) => `${file}: its id ${id} is the one of ${first}`);
  if (mistakes.length > 0) throw invalidFramework(folder, mistakes);
  return frameworks.map(({ framework }) => framework);
}

/** A file of a customer. It may not take the id of a shipped framework: reports of the two could not be told apart. */
function ownFramework(path: string, { checks }: FrameworkSources): Framework {
  const name = basename(path);
  const framework = parseFramework(readText(path, name), name, { checks, requirements: shippedRequirements() });
  if (SHIPPED_FRAMEWORKS.some((id) => id === framework.id))
    throw invalidFramework(name, [`the id ${framework.id} is one of Parapet's own`]);
  return framework;
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.toLowerCase().endsWith('.json'))
      .sort();
  } catch (cause) {
    throw invalidFramework(folder, ['the folder cannot be read'], cause);
  }
}

function readText(path: string, name: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalidFramework(name, ['the file cannot be read'], cause);
  }
  if (text.length > MAX_FILE_CHARS) throw invalidFramework(name, [`it has ${text.length} characters, ${MAX_FILE_CHARS} are allowed`]);
  return text;
}

function textOf(id: keyof typeof SHIPPED): string {
  return readFileSync(new URL(SHIPPED[id], import.meta.url), 'utf8');
}

/** What every file may be related to, read without judging it: the files name each other. */
function shippedRequirements(): ReadonlySet<string> {
  return new Set(
    SHIPPED_FRAMEWORKS.flatMap((id) => (JSON.parse(textOf(id)) as Framework).requirements.map((requirement) => `${id}/${requirement.id}`)),
  );
}
