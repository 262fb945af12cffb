/** The steps that judge the evidence and say what came of it, in every format and language that was asked for. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../core/durable.ts';
import { judge } from '../judge.ts';
import { jsonText } from '../package/files.ts';
import { ASSESSMENT, type Manifest } from '../package/manifest.ts';
import { REPORT_FILES, type ReportFormat, renderReport } from '../reports/index.ts';
import type { Assessment, BookTotals, Evidence, Language } from '../types.ts';
import { readEvidence } from './collect.ts';
import type { AssemblyParts } from './parts.ts';
import { openFramework, type Plan } from './plan.ts';
import type { Workspace } from './workspace.ts';

/** Does nothing when the evidence was judged already. */
export async function assess(parts: AssemblyParts, { workspace, plan }: { workspace: Workspace; plan: Plan }): Promise<void> {
  if (existsSync(join(workspace.package, ASSESSMENT))) return;
  const framework = openFramework(parts, plan.framework);
  const evidence = await readEvidence(workspace.package, plan.collectors);
  const attestations = (await parts.sources.attestations()).filter((each) => each.framework === framework.id);
  const assessedAt = parts.now().toISOString();
  const context = { org: plan.org, window: plan.window, settings: parts.sources.settings };
  const { checks, requirements } = judge(framework, evidence, attestations, context, assessedAt);
  const { requirements: _, ...about } = framework;
  const { count, root } = (await workspace.read('tree')) as Manifest['interactions'];
  const assessment: Assessment = {
    format: 'parapet-assessment/1',
    framework: about,
    org: plan.org,
    period: plan.period,
    window: plan.window,
    assessedAt,
    generator: { name: 'parapet', version: parts.version },
    seed: plan.seed,
    interactions: { count, root },
    books: totalsOf(evidence),
    requirements,
    checks,
    evidence: evidence.map(({ rows: __, ...summary }) => summary),
  };
  await writeWhole(join(workspace.package, ASSESSMENT), jsonText(assessment));
}

/** `reports/<language>/<name>`. Does nothing when it is there. */
export async function render(
  { workspace, plan }: { workspace: Workspace; plan: Plan },
  format: ReportFormat,
  language: Language,
): Promise<void> {
  const folder = join(workspace.package, 'reports', language);
  const path = join(folder, REPORT_FILES[format].name);
  if (existsSync(path)) return;
  const assessment = await readAssessment(workspace);
  const evidence = await readEvidence(workspace.package, plan.collectors);
  const body = await renderReport(format, { assessment, evidence, language });
  await mkdir(folder, { recursive: true });
  await writeWhole(path, body);
}

export async function readAssessment({ package: folder }: Pick<Workspace, 'package'>): Promise<Assessment> {
  return JSON.parse(await readFile(join(folder, ASSESSMENT), 'utf8')) as Assessment;
}

/** The books of the window, as the evidence has them: what a report says must be what its files say. */
function totalsOf(evidence: readonly Evidence[]): BookTotals | null {
  const books = evidence.find(({ collector }) => collector === 'logging-completeness');
  if (books === undefined || books.gap !== null) return null;
  const sum = (name: string) => books.rows.reduce((total, row) => total + Number(row[name]), 0);
  const { lost, duplicated } = books.parameters;
  return {
    accepted: sum('accepted'),
    events: sum('events'),
    rows: sum('rows'),
    lake: sum('lake'),
    lost: Number(lost),
    duplicated: Number(duplicated),
  };
}
