/** A gateway in its own process, for tests that send it signals. Says its address and key on one line. Settings come from the environment. */
import { readEnvironment } from '../../core/environment.ts';
import { createLogger } from '../../core/logger.ts';
import { startGateway } from '../index.ts';

const gateway = await startGateway(readEnvironment(), createLogger('test', 'silent'));
process.once('SIGTERM', () => void gateway.stop());
process.stdout.write(`${JSON.stringify({ url: gateway.url, key: gateway.newKey?.key })}\n`);
