/**
 * A ClickHouse of the test's own with a second, colder disk: the engine that `shared/servers` has installed, with a
 * configuration that the shared one does not have. Undefined where it is not installed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../core/free-port.ts';

export const POLICY = 'tiered';
export const VOLUME = 'cold';
export const COLD_DISK = 'cold_disk';

const LIBRARY = join(homedir(), '.cache/parapet-servers/clickhouse/package/libchdb.so');
/** It serves as long as its terminal is open. */
const PROGRAM = `
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1])
arguments = [each.encode() for each in sys.argv[2:]]
master, slave = os.openpty()
os.dup2(slave, 0)
library.query_stable_v2.restype = ctypes.c_void_p
library.query_stable_v2(len(arguments), (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None))`;
const READY_MS = 30_000;

export interface TieredServer {
  url: string;
  user: string;
  password: string;
  stop(): Promise<void>;
}

export async function startTiered(): Promise<TieredServer | undefined> {
  if (!existsSync(LIBRARY)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'parapet-tiered-'));
  mkdirSync(join(folder, 'cold'));
  const profile = '<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>';
  // The engine itself begins as `default`.
  writeFileSync(
    join(folder, 'users.xml'),
    `<clickhouse><profiles><default></default></profiles><quotas><default></default></quotas><users><default><password></password>${profile}</default><app><password>app</password>${profile}</app></users></clickhouse>`,
  );
  // A table takes a new policy only when that has its old one's volumes, and the one of every server is named `default`.
  writeFileSync(
    join(folder, 'config.xml'),
    `<clickhouse><users_config>users.xml</users_config><storage_configuration>
      <disks><${COLD_DISK}><type>local</type><path>${folder}/cold/</path></${COLD_DISK}></disks>
      <policies><${POLICY}><volumes><default><disk>default</disk></default><${VOLUME}><disk>${COLD_DISK}</disk></${VOLUME}></volumes></${POLICY}></policies>
    </storage_configuration></clickhouse>`,
  );
  const [http, tcp] = [await freePort(), await freePort()];
  const options = [`--config-file=${folder}/config.xml`, `--path=${folder}/store`, '--listen_host=127.0.0.1', `--http_port=${http}`];
  const serve = [`--tcp_port=${tcp}`, '--interactive', '--disable_suggestion', '--query=SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP'];
  const child = spawn('python3', ['-c', PROGRAM, LIBRARY, 'clickhouse-local', ...options, ...serve], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${http}`;
  try {
    await ready(url, child);
  } catch (error) {
    await end(child, folder);
    throw error;
  }
  return { url, user: 'app', password: 'app', stop: () => end(child, folder) };
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    try {
      if ((await fetch(`${url}/ping`)).ok) return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) throw new Error('the tiered ClickHouse does not answer', { cause: error });
    }
    await sleep(100);
  }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}
