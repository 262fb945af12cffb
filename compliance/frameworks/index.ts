/** Frameworks as data: what each asks for, and what of it is answered here. */
export { COVERAGES, type CoverageCounts, type CoverageTable, coverageOf, coverageTable, effectiveIn } from './coverage.ts';
export { type FrameworkSources, listFrameworks, loadFramework, SHIPPED_FRAMEWORKS } from './load.ts';
