/** The queries that the ClickHouse README shows are the ones that are tested and run by the demo. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ANALYST_QUERIES } from './clickhouse/queries.ts';

describe('the README of the ClickHouse sink', () => {
  it.each(ANALYST_QUERIES)('shows: $title', async ({ title, question, sql }) => {
    const text = await readFile(join(import.meta.dirname, 'clickhouse/README.md'), 'utf8');
    expect(text).toContain(`**${title}.** ${question}\n\n\`\`\`sql\n${sql}\n\`\`\``);
  });
});
