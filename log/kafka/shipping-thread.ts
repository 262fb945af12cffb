/** The thread that ships a gateway's spool into Kafka (see `log/spool/ship.ts`). */
import { parentPort, workerData } from 'node:worker_threads';
import type { Environment } from '../../core/environment.ts';
import type { EventLog } from '../port.ts';
import { type ShipMessage, shipMessage } from '../spool/ship.ts';
import { kafkaLogOptions, openKafkaLog } from './index.ts';

const { env, producerId } = workerData as { env: Environment; producerId: string };
let log: Promise<EventLog> | undefined;

parentPort?.on('message', async (message: ShipMessage | 'close') => {
  if (message === 'close') {
    await (await log?.catch(() => undefined))?.close();
    parentPort?.close();
    return;
  }
  try {
    log ??= openKafkaLog(kafkaLogOptions(env));
    const opened = await log.catch((error) => {
      // Kafka may come later: the spool keeps what it has and tries again.
      log = undefined;
      throw error;
    });
    await shipMessage(opened, producerId, message);
    parentPort?.postMessage({});
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
