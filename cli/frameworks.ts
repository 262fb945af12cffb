/** `parapet frameworks`: what reports can be of, and how honest each can be. */
import { CHECKS } from '../compliance/checks/index.ts';
import { type CoverageTable, coverageOf, coverageTable, listFrameworks, loadFramework } from '../compliance/frameworks/index.ts';
import type { Coverage, Framework } from '../compliance/types.ts';

export interface Described {
  id: string;
  version: string;
  title: string;
  coverage: CoverageTable;
  /** Only where one framework was asked for. */
  requirements?: { id: string; title: string; coverage: Coverage; checks: readonly string[]; attestedBy: string | null }[];
}

/** Throws PARAPET_FRAMEWORK_INVALID. */
export function describeFrameworks(folder: string | undefined, only?: string): Described[] {
  const sources = { checks: new Set(CHECKS.map(({ id }) => id)), folder };
  if (only === undefined) return listFrameworks(sources).map(describe);
  const framework = loadFramework(only, sources);
  const requirements = framework.requirements.map((requirement) => ({
    id: requirement.id,
    title: requirement.title.en,
    coverage: coverageOf(requirement),
    checks: requirement.checks,
    attestedBy: requirement.attestation?.role ?? null,
  }));
  return [{ ...describe(framework), requirements }];
}

const describe = (framework: Framework): Described => ({
  id: framework.id,
  version: framework.version,
  title: framework.title.en,
  coverage: coverageTable(framework),
});

export function renderFrameworks(described: readonly Described[]): string[] {
  return described.flatMap(({ id, version, title, coverage: { all }, requirements = [] }) => [
    `${id} (${title}, ${version}): ${all.total} requirements, ${all.automated} automated, ${all.partly} partly, ${all.attested} attested, ${all.not_covered} not covered`,
    ...requirements.map(
      (each) =>
        `  ${each.id.padEnd(14)} ${each.coverage.padEnd(11)} ${each.title}${each.checks.length > 0 ? `  [${each.checks.join(', ')}]` : ''}${each.attestedBy === null ? '' : `  attested by ${each.attestedBy}`}`,
    ),
  ]);
}
