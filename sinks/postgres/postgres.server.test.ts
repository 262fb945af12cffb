/** The suites on a PostgreSQL server. Needs DATABASE_URL; says so otherwise. */
import { it } from 'vitest';
import { rebuildSuite } from './rebuild.suite.ts';
import { postgresSuite } from './suite.ts';
import { DATABASE_URL, openServer } from './testing.ts';
import { verdictsSuite } from './verdicts.suite.ts';

if (DATABASE_URL === undefined) {
  console.warn('SKIPPED: the PostgreSQL sinks were not tested on a server, because DATABASE_URL is not set.');
  it.skip('the PostgreSQL sinks on a server');
} else {
  postgresSuite('a server', () => openServer({ poolSize: 8 }), 30);
  rebuildSuite('a server', () => openServer({ poolSize: 8 }));
  verdictsSuite('a server', openServer);
}
