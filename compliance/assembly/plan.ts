/** The first step: what a report will be of, decided once. All that follows reads it from the plan, however often it is begun again. */
import { hash } from 'node:crypto';
import { ParapetError } from '../../core/errors.ts';
import { CHECKS } from '../checks/index.ts';
import { COLLECTORS } from '../collectors/index.ts';
import { effectiveIn, loadFramework } from '../frameworks/index.ts';
import type { Positions } from '../package/leaves.ts';
import type { ReportFormat } from '../reports/index.ts';
import type { Framework, Language, Window } from '../types.ts';
import { type ChainLink, chainOf, followable, type Link } from './chain.ts';
import type { AssemblyParts } from './parts.ts';
import { windowOf } from './period.ts';
import { type Workspace, workspaceOf } from './workspace.ts';

export interface ReportRequest {
  /** Id of a framework, or the path of a file of one. */
  framework: string;
  org: string;
  period: string;
  /** Who wants it; who approves it is somebody else. */
  author: string;
  languages: readonly Language[];
  formats: readonly ReportFormat[];
  /** Of a period that is not over: up to now. */
  soFar?: boolean;
  /** What came after the package of this period was made. */
  addendum?: boolean;
}

export interface Plan {
  id: string;
  org: string;
  /** As it was asked for. */
  framework: string;
  period: string;
  window: Window;
  author: string;
  languages: readonly Language[];
  formats: readonly ReportFormat[];
  seed: string;
  positions: Positions | null;
  addendumTo: Link | null;
  /** Interactions of the newest package's window that came after it was made. */
  late: { of: string; interactions: number } | null;
  /** Collectors whose evidence the framework's checks need, and those that every report has. */
  collectors: string[];
}

/** In every report, whatever its framework asks for. */
const ALWAYS = ['logging-completeness', 'interactions', 'threats', 'samples'];

/** Throws PARAPET_PERIOD_INVALID, PARAPET_FRAMEWORK_INVALID, PARAPET_PACKAGE_EXISTS, PARAPET_CHAIN_BROKEN, PARAPET_STORE_UNAVAILABLE. */
export async function plan(parts: AssemblyParts, request: ReportRequest): Promise<{ workspace: Workspace; plan: Plan }> {
  const framework = openFramework(parts, request.framework);
  const { period, window } = periodOf(request, parts.now());
  const chain = await chainOf(parts, request.org, framework.id);
  const base = `report/${framework.id}/${request.org}/${period}`;
  const earlier = chain.filter(({ id }) => id === base || id.startsWith(`${base}.addendum-`));
  const first = earlier[0];
  if (request.addendum === true && first === undefined) {
    throw new ParapetError('PARAPET_PERIOD_INVALID', {
      message: `There is no package of ${base} that could be added to.`,
      hint: 'Make the report itself first.',
    });
  }
  const id = request.addendum === true ? `${base}.addendum-${nextAddendum(parts, base, earlier)}` : base;
  const workspace = workspaceOf(parts.root, id);
  const before = await workspace.read('plan');
  if (before !== undefined) return { workspace, plan: before };
  if (chain.some((link) => link.id === id)) {
    throw new ParapetError('PARAPET_PACKAGE_EXISTS', { message: `${id} was published already.` });
  }

  const newest = (await followable(parts, chain)).at(-1);
  const made: Plan = {
    id,
    org: request.org,
    framework: request.framework,
    period,
    window,
    author: request.author,
    languages: request.languages,
    formats: request.formats,
    seed: hash('sha256', `parapet sample/${request.org}/${framework.id}/${period}`),
    positions: await parts.positions(),
    addendumTo: request.addendum === true && first !== undefined ? { id: first.id, manifest: first.manifest } : null,
    late: newest === undefined || newest.id.startsWith(base) ? null : await lateFor(parts, newest),
    collectors: collectorsOf(framework, window),
  };
  await workspace.write('plan', made);
  return { workspace, plan: made };
}

export function openFramework({ frameworksFolder }: Pick<AssemblyParts, 'frameworksFolder'>, name: string): Framework {
  const checks = new Set(CHECKS.map(({ id }) => id));
  return loadFramework(name, { checks, ...(frameworksFolder === undefined ? {} : { folder: frameworksFolder }) });
}

/** In a period that was not over when its report was made, between the period and the time. */
const SO_FAR = '-until-';

function periodOf({ period, soFar = false }: ReportRequest, now: Date): { period: string; window: Window } {
  const window = windowOf(period);
  if (Date.parse(window.to) <= now.getTime()) return { period, window };
  if (!soFar || Date.parse(window.from) >= now.getTime()) {
    throw new ParapetError('PARAPET_PERIOD_INVALID', {
      message: `${period} is not over before ${window.to}.`,
      hint: 'Wait, or ask for what there is so far: --so-far.',
    });
  }
  const to = new Date(Math.floor(now.getTime() / 1_000) * 1_000).toISOString();
  return { period: `${period}${SO_FAR}${to.slice(0, 19).replaceAll(/[-:]/g, '')}Z`, window: { from: window.from, to } };
}

/** An addendum that was begun goes on; one that is sealed is followed by the next. */
function nextAddendum(parts: AssemblyParts, base: string, chain: readonly Link[]): number {
  for (let n = 1; ; n++) {
    const id = `${base}.addendum-${n}`;
    if (!chain.some((link) => link.id === id)) return n;
    const workspace = workspaceOf(parts.root, id);
    if (workspace.has('plan') && !workspace.has('sealed')) return n;
  }
}

/** How many interactions of the newest package's window are in the view now and were not then. Of a period that was not over, more always come. */
async function lateFor(parts: AssemblyParts, { id, org, window, count }: ChainLink): Promise<Plan['late']> {
  if (periodIn(id).includes(SO_FAR)) return null;
  const hours = await parts.leaves({ org, window }).hours();
  const now = hours.reduce((sum, { leaves, unproven }) => sum + leaves + unproven, 0);
  return now > count ? { of: id, interactions: now - count } : null;
}

/** The period in the id of a package. */
export function periodIn(id: string): string {
  return (id.split('/')[3] as string).replace(/\.addendum-\d+$/, '');
}

function collectorsOf(framework: Framework, window: Window): string[] {
  const checks = new Set(
    framework.requirements.filter((requirement) => effectiveIn(requirement, window)).flatMap((requirement) => requirement.checks),
  );
  const needed = new Set([...ALWAYS, ...CHECKS.filter(({ id }) => checks.has(id)).flatMap(({ evidence }) => evidence)]);
  return COLLECTORS.filter(({ id }) => needed.has(id)).map(({ id }) => id);
}
