/** The table of coverage in `docs/frameworks.md`, counted from the files: nobody may promise more there than is in them. */
import { COVERAGES, coverageTable } from './coverage.ts';
import { listFrameworks } from './load.ts';

const BEGIN = '<!-- coverage: made by npm run docs -->';
const END = '<!-- end of coverage -->';

export function coverageLines(): string {
  const rows = listFrameworks({ checks: { has: () => true } }).map((framework) => {
    const { all } = coverageTable(framework);
    return `| \`${framework.id}\` | ${framework.version} | ${all.total} | ${COVERAGES.map((coverage) => all[coverage]).join(' | ')} |`;
  });
  return [
    '| Framework | Version | Requirements | Automated | Partly | Attested | Not covered |',
    '|---|---|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}

/** The page with its table as it is to be. */
export function withCoverage(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/frameworks.md has no place for the table of coverage');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${coverageLines()}\n\n${page.slice(end)}`;
}
