/**
 * A process that only runs `respond`, to be killed. Arguments: the folder with the registry, and what opens the log: the folder
 * of an embedded one, or a prefix on the broker that KAFKA_BROKERS names. Says when it reads.
 */
import { join } from 'node:path';
import { createLogger } from '../../../core/logger.ts';
import { createMetrics } from '../../../core/metrics.ts';
import { createCodec } from '../../../schemas/codec.ts';
import { openFileRegistry } from '../../../schemas/registry/file.ts';
import { runProcessor } from '../../runner.ts';
import { mortal, openExactLog, PARTITIONS } from '../../testing/log.ts';
import { createRespond } from '../index.ts';

const [folder, kind, where] = process.argv.slice(2) as [string, 'embedded' | 'kafka', string];
const log = mortal(await openExactLog(kind, where));
const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
const parts = { log, codec, logger: createLogger('respond', 'silent'), metrics: createMetrics({ defaults: false }) };
// Small batches, so that a kill falls between many commits.
const subscription = await runProcessor(parts, createRespond({ controls: { find: () => undefined } }), { maxRecords: 20, paceMs: 0 });
process.send?.({ partitions: PARTITIONS });
process.once('SIGTERM', () => void subscription.close().then(() => process.exit(0)));
