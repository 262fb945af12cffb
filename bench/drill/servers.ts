/** The servers that a drill may kill and freeze: those of `shared/servers`, by their pid files and the script that starts them. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const UP = join(import.meta.dirname, '../../../shared/servers/up');
const RUN = join(process.env['PARAPET_SERVERS'] ?? join(homedir(), '.cache/parapet-servers'), 'run');
const START_MS = 180_000;
const START_ATTEMPTS = 3;

export interface KillableServer {
  name: string;
  /** SIGKILL; it stays down for so long, then it is started again, on the same data. */
  kill(downMs: number): Promise<void>;
  /** SIGSTOP for so long: it takes connections and says nothing. */
  freeze(ms: number): Promise<void>;
}

/** Those of these servers that run from `shared/servers` on this machine. */
export function killableServers(names: readonly string[]): KillableServer[] {
  return names.filter((name) => existsSync(UP) && existsSync(join(RUN, `${name}.pid`))).map(killable);
}

function killable(name: string): KillableServer {
  const pid = () => Number(readFileSync(join(RUN, `${name}.pid`), 'utf8'));
  return {
    name,
    async kill(downMs) {
      send(pid(), 'SIGKILL');
      await sleep(downMs);
      await start(name);
    },
    async freeze(ms) {
      const frozen = pid();
      if (send(frozen, 'SIGSTOP')) await sleep(ms);
      send(frozen, 'SIGCONT');
    },
  };
}

/** A server may trip over what it left behind at its first try: a lock, a port that is still in use. */
async function start(name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await promisify(execFile)(UP, [name], { timeout: START_MS });
      return;
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
      await sleep(1_000);
    }
  }
}

/** False when the process is gone already. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}
