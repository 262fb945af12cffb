/** Writes batches into a PGlite folder until it is killed, and says each that is acknowledged. */
import { createFixtures } from '../fixtures.ts';
import { createPostgresSink, openPostgres } from './index.ts';

const store = await openPostgres({ path: process.argv[2] as string });
const sink = createPostgresSink({ store, view: 'interactions' });
await sink.open();
const fixtures = createFixtures();
for (let n = 0; n < 12; n++) {
  await sink.write(fixtures.batch('assessed', { first: n * 100, last: n * 100 + 99 }));
  console.log(n + 1);
}
await store.close();
