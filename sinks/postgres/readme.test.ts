/** The README shows the queries as they are tested, names the privileges as the hint does, and every table there is. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PRIVILEGES } from './errors.ts';
import { MIGRATIONS } from './migrations.ts';
import { DASHBOARD_QUERIES } from './queries.ts';

const text = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');

describe('the README of the PostgreSQL sinks', () => {
  it.each(DASHBOARD_QUERIES)('shows: $title', ({ title, question, sql }) => {
    expect(text).toContain(`**${title}.** ${question}\n\n\`\`\`sql\n${sql}\n\`\`\``);
  });

  it('names the privileges that the hint names', () => {
    expect(text).toContain(PRIVILEGES);
  });

  it('has a row for each table', () => {
    const tables = MIGRATIONS.flatMap(({ sql }) => [...sql.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name));
    expect(tables.length).toBeGreaterThan(5);
    for (const table of tables) expect(text).toContain(`| \`${table}\``);
  });
});
