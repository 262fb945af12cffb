/**
 * The process that `crash.test.ts` kills: writes batches one after the other and says each one it has been acknowledged.
 * Its first batch is one that an earlier process may have begun, so it is marked recovered, as the runner would.
 */
import { createFixtures } from '../fixtures.ts';
import { createClickHouseSink, openClickHouse } from './index.ts';

const [path = '', from = '0', to = '0', size = '1'] = process.argv.slice(2);
const store = await openClickHouse({ path });
const sink = createClickHouseSink({ store, view: 'interactions' });
await sink.open();
// A step of an hour and 1,000 records, so that a batch spans months and is written as several parts.
const fixtures = createFixtures({ stepMs: 3_600_000 });
for (let batch = Number(from); batch < Number(to); batch++) {
  const first = batch * Number(size);
  await sink.write(fixtures.batch('assessed', { first, last: first + Number(size) - 1, recovered: batch === Number(from) }));
  process.stdout.write(`${batch}\n`);
}
await store.close();
process.stdout.write('done\n');
