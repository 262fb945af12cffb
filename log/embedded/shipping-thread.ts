/** The thread that ships a gateway's spool into the embedded log (see `log/spool/ship.ts`). */
import { parentPort, workerData } from 'node:worker_threads';
import { type ShipMessage, shipMessage } from '../spool/ship.ts';
import { embeddedTopics, openEmbeddedLog } from './index.ts';

const { path, partitions, producerId } = workerData as { path: string; partitions: number; producerId: string };
const log = openEmbeddedLog({ path, topics: embeddedTopics(partitions) });

parentPort?.on('message', async (message: ShipMessage | 'close') => {
  if (message === 'close') {
    await (await log).close();
    parentPort?.close();
    return;
  }
  try {
    await shipMessage(await log, producerId, message);
    parentPort?.postMessage({});
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
