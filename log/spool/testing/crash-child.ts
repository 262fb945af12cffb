/**
 * A process to be killed: spools interactions as fast as it can into the embedded log, in small segments, and says on
 * standard output what it was promised: `i 7` the intent of interaction 7 is durable, `e 7 answered` its end is.
 *
 * Run: node log/spool/testing/crash-child.ts <spool folder> <log folder>
 */
import { writeSync } from 'node:fs';
import { embeddedTopics, openEmbeddedLog } from '../../embedded/index.ts';
import { STATUSES, type Status } from '../format.ts';
import { openSpool } from '../index.ts';
import { directShipper } from '../ship.ts';
import { recordOf, STARTED_AT } from './spools.ts';

const [folder = '', logFolder = ''] = process.argv.slice(2);
const log = await openEmbeddedLog({ path: logFolder, topics: embeddedTopics(2) });
const spool = await openSpool(directShipper(log, 'crash'), {
  folder,
  gatewayId: 'crash',
  maxBytes: 64 * 1024 * 1024,
  segmentBytes: 64 * 1024,
  shipRecords: 50,
});
say('ready');

async function worker(index: number): Promise<void> {
  for (let n = index; ; n++) {
    spool.admit();
    const status = STATUSES[n % 5] as Status;
    const padding = 'x'.repeat((n * 37) % 900);
    if (status === 'rejected') {
      let sequence = 0;
      const make = (given: number) => {
        sequence = given;
        return recordOf({ sequence, status, padding });
      };
      await spool.end(0, make, status, STARTED_AT);
      say(`e ${sequence} ${status}`);
      continue;
    }
    let sequence = 0;
    await spool.intent((given) => {
      sequence = given;
      return recordOf({ sequence, status: 'orphaned', padding });
    });
    say(`i ${sequence}`);
    if (n % 11 === 0) await new Promise((resolve) => setTimeout(resolve, n % 40));
    await spool.end(sequence, () => recordOf({ sequence, status, padding }), status, STARTED_AT);
    say(`e ${sequence} ${status}`);
  }
}

/** Written at once: what stands in a buffer of this process would die with it. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

await Promise.all(Array.from({ length: 16 }, (_, index) => worker(index * 7)));
