/** A gateway as `parapet gateway` runs it, for the benches: tells its URL and key to the parent. */
import { readEnvironment } from '../core/environment.ts';
import { createLogger } from '../core/logger.ts';
import { startGateway } from '../gateway/index.ts';

const gateway = await startGateway(readEnvironment(), createLogger('gateway', 'warn'));
process.send?.({ url: gateway.url, key: gateway.newKey?.key });
process.once('SIGTERM', () => void gateway.stop().then(() => process.exit(0)));
