/**
 * Fills the event log for the pipeline bench and tells the parent when all are in.
 *
 * Arguments: number of interactions, the number of the first, `inspected` or `uninspected`.
 */
import { openCodec, openKeys, openLog } from '../cli/stores.ts';
import { readEnvironment } from '../core/environment.ts';
import type { LogRecord } from '../log/port.ts';
import { openDetector } from '../models/index.ts';
import { createInteractions } from './interactions.ts';

const BATCH = 2_000;

const [count, first] = process.argv.slice(2, 4).map(Number) as [number, number];
const env = readEnvironment();
const [log, codec] = [await openLog(env), await openCodec(env)];
const keys = openKeys(env);
const gateway = process.argv[4] === 'uninspected' ? undefined : await openDetector(env);
const recordOf = createInteractions({ codec, keys, detector: gateway?.detector });

for (let n = first; n < first + count; ) {
  const records: LogRecord[] = [];
  for (const end = Math.min(n + BATCH, first + count); n < end; n++) records.push(recordOf(n));
  await log.append(records);
}
await log.close();
await keys.close();
await gateway?.close();
process.send?.({ url: '' });
