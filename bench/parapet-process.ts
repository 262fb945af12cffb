/**
 * All of Parapet under its supervisor, in a process of its own: so a drill can kill the group whole, and a test can start
 * and stop it. Tells the parent the process ids of its parts whenever it is asked; ends when the parent is gone.
 */
import { supervise } from '../cli/supervisor.ts';
import { readEnvironment } from '../core/environment.ts';
import { createLogger } from '../core/logger.ts';

const [sandboxPort = '0', workers = '1'] = process.argv.slice(2);
const parapet = supervise(readEnvironment(), createLogger('up'), { workers: Number(workers), sandboxPort: Number(sandboxPort) });

let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  void parapet.stop().then(() => process.exit(0));
}
process.on('message', () => process.send?.({ pids: parapet.pids() }));
process.once('disconnect', stop);
process.once('SIGTERM', stop);
