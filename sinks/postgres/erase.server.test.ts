/** Erasing a subject from a PostgreSQL server. Needs DATABASE_URL; says so otherwise. */
import { it } from 'vitest';
import { eraseSuite } from './erase.suite.ts';
import { DATABASE_URL, openServer } from './testing.ts';

if (DATABASE_URL === undefined) {
  console.warn('SKIPPED: nobody was erased from PostgreSQL, because DATABASE_URL is not set.');
  it.skip('the PostgreSQL eraser on a server');
} else eraseSuite('server', openServer);
