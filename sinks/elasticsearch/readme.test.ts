/** The README shows the queries as they are tested, the privileges as the hint names them, and the ages as they are put. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PRIVILEGES } from './connect.ts';
import { VIEWS } from './documents.ts';
import { ANALYST_QUERIES, printed } from './queries.ts';

const text = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');

describe('the README of the Elasticsearch sink', () => {
  it.each(ANALYST_QUERIES)('shows: $title', (query) => {
    expect(text).toContain(printed(query));
    const [, body] = printed(query).split('/_search\n');
    expect(JSON.parse((body as string).replace('```', ''))).toEqual(query.body);
  });

  it('names every privilege that the hint names', () => {
    for (const privilege of PRIVILEGES.match(/[a-z_]+(?=[,;]|$)/g) ?? []) expect(text).toContain(`\`${privilege}\``);
  });

  it('has a row for each view, with its ages', () => {
    for (const [view, { topic, ages }] of Object.entries(VIEWS)) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${view}\``));
      expect(row).toContain(`\`${topic}\``);
      expect(row).toContain(ages.delete);
      expect(row).toContain(ages.cold);
    }
  });
});
