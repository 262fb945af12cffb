/**
 * Makes `docs/errors.md` from the table of codes, `docs/behaviour.md` from the indicators and the table of coverage in
 * `docs/frameworks.md` from the frameworks: `npm run docs`. A test fails when a page is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { withCoverage } from '../compliance/frameworks/page.ts';
import { ERROR_TABLE } from '../core/errors.ts';
import { behaviourPage } from '../detection/behaviour/page.ts';

const TARGET = new URL('errors.md', import.meta.url);
const BEHAVIOUR = new URL('behaviour.md', import.meta.url);
const FRAMEWORKS = new URL('frameworks.md', import.meta.url);

export function errorsPage(): string {
  const rows = Object.entries(ERROR_TABLE).map(([code, { status, means, hint }]) => `| \`${code}\` | ${status} | ${means} | ${hint} |`);
  return [
    '# Errors',
    '',
    'Every error that a caller or an operator can see has one of these codes. A caller gets it in its own wire format, with',
    'the interaction id; the header `x-parapet-error` names it too. Made from `core/errors.ts` by `npm run docs`.',
    '',
    '| Code | HTTP status | Means | What to do |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

export const readErrorsPage = () => readFileSync(TARGET, 'utf8');
export const readBehaviourPage = () => readFileSync(BEHAVIOUR, 'utf8');
export const readFrameworksPage = () => readFileSync(FRAMEWORKS, 'utf8');

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(TARGET, errorsPage());
  writeFileSync(BEHAVIOUR, behaviourPage());
  writeFileSync(FRAMEWORKS, withCoverage(readFrameworksPage()));
}
