/**
 * A process that only runs `behave`, to be killed. Arguments: the folder with keys and registry, and what opens the log: the
 * folder of an embedded one, or a prefix on the broker that KAFKA_BROKERS names. Says when it reads.
 */
import { join } from 'node:path';
import { createLogger } from '../../../core/logger.ts';
import { createMetrics } from '../../../core/metrics.ts';
import { openLocalKeyStore } from '../../../keys/local.ts';
import { createCodec } from '../../../schemas/codec.ts';
import { openFileRegistry } from '../../../schemas/registry/file.ts';
import { runProcessor } from '../../runner.ts';
import { mortal, openExactLog, PARTITIONS } from '../../testing/log.ts';
import { createBehave } from '../index.ts';

const [folder, kind, where] = process.argv.slice(2) as [string, 'embedded' | 'kafka', string];
const log = mortal(await openExactLog(kind, where));
const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
const keys = openLocalKeyStore({ folder: join(folder, 'keys') });
const parts = { log, codec, logger: createLogger('behave', 'silent'), metrics: createMetrics({ defaults: false }) };
const behave = createBehave({ keys, erasures: { version: 0, covers: () => false } });
// Small batches, so that a kill falls between many commits.
const subscription = await runProcessor(parts, behave, { maxRecords: 20, paceMs: 0 });
process.send?.({ partitions: PARTITIONS });
process.once('SIGTERM', () => void subscription.close().then(() => process.exit(0)));
