/** Reads what `node --cpu-prof` wrote: where the main thread spent its time, by function. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Cost {
  /** `function file:line`. */
  where: string;
  /** Of the thread's whole time, idle time included. */
  share: number;
}

export interface Costs {
  /** The time of the functions themselves. */
  own: Cost[];
  /** With everything they called; only Parapet's functions, so that it reads like its parts. */
  inclusive: Cost[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The costliest functions of the longest profile in the folder. */
export function readCosts(folder: string, count: number): Costs {
  const [profile] = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile)
    .sort((a, b) => b.samples.length - a.samples.length);
  if (profile === undefined) return { own: [], inclusive: [] };
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const spent = new Map<number, number>();
  let total = 0;
  profile.samples.forEach((id, i) => {
    const micros = profile.timeDeltas[i] ?? 0;
    spent.set(id, (spent.get(id) ?? 0) + micros);
    total += micros;
  });

  const own = new Map<string, number>();
  const inclusive = new Map<string, number>();
  const add = (to: Map<string, number>, name: string, micros: number) => to.set(name, (to.get(name) ?? 0) + micros);

  /** The time of a node and all below it. A function inside itself is counted once: `above` are the ones already open. */
  function walk(node: ProfileNode, above: ReadonlySet<string>): number {
    const name = nameOf(node);
    let micros = spent.get(node.id) ?? 0;
    add(own, name, micros);
    const open = above.has(name) ? above : new Set(above).add(name);
    for (const child of node.children ?? []) micros += walk(nodes.get(child) as ProfileNode, open);
    if (!above.has(name) && isOurs(node)) add(inclusive, name, micros);
    return micros;
  }
  const root = profile.nodes[0];
  if (root) walk(root, new Set());

  const top = (times: Map<string, number>) =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([where, micros]) => ({ where, share: micros / total }));
  return { own: top(own), inclusive: top(inclusive) };
}

const isOurs = ({ callFrame: { url } }: ProfileNode) => url.startsWith('file:') && !url.includes('/node_modules/');

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName.length > 80 ? `${functionName.slice(0, 80)}…` : functionName;
  if (url === '') return name;
  const place = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : url;
  return `${name} ${place}:${lineNumber + 1}`;
}
