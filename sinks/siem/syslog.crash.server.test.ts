/**
 * The syslog server dies in the middle of reading (SIGKILL by its pid file) and comes back; so does the sink's batch. What it
 * had read and not yet written is sent again, because the connections after its death fail. Needs SYSLOG_TCP to be the
 * server of `shared/servers`, whose pid file and script are used.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { toEvent } from './event.ts';
import { createSyslogSink } from './syslog.ts';
import { syslogMessage } from './syslog-message.ts';

const { SYSLOG_TCP: tcp, SYSLOG_TLS: tls, SYSLOG_CA: caFile, SYSLOG_LOG: log = '' } = process.env;
const servers = process.env['PARAPET_SERVERS'] ?? join(homedir(), '.cache/parapet-servers');
const pidFile = join(servers, 'run/syslog.pid');
const up = join(import.meta.dirname, '../../../shared/servers/up');
const canKill = tcp !== undefined && existsSync(pidFile) && existsSync(up);
if (!canKill) console.warn('SKIPPED: the syslog server was not killed, because it is not one of shared/servers.');

const FIXTURES = createFixtures({ seed: 5 });
const BATCH = 500;
const KILLS = 3;

describe.skipIf(!canKill)('a syslog server that is killed', () => {
  it.each([
    ['TCP', tcp, 'tcp'],
    ['TLS', tls, 'tls'],
  ] as const)(
    'over %s has every event in the end, some of them twice',
    async (over, address = '', protocol) => {
      const [host = '', port] = address.split(':');
      const run = `crash-${over}-${process.pid}-${Date.now()}`;
      const options = { topic: 'threats', host, port: Number(port), protocol, hostname: run } as const;
      const sink = createSyslogSink({ ...options, ...(protocol === 'tls' ? { caFile } : {}) });
      const from = await sizeOfLog();
      let failed = 0;
      const total = KILLS * 4;
      let starting: Promise<void> = Promise.resolve();
      for (let n = 0; n < total; n++) {
        const batch = FIXTURES.batch('threats', { first: n * BATCH, last: n * BATCH + BATCH - 1 });
        const kill = n % 4 === 2;
        if (kill) {
          await starting;
          const before = failed;
          starting = killOnce(await sizeOfLog(), () => failed > before);
        }
        for (let tries = 0; ; tries++) {
          try {
            await sink.write({ ...batch, recovered: tries > 0 });
            break;
          } catch (error) {
            expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
            failed += 1;
            if (tries > 200) throw error;
            await sleep(100);
          }
        }
      }
      await starting;
      await expect.poll(async () => (await offsets(run, from)).has(total * BATCH - 1), { timeout: 30_000 }).toBe(true);
      const stored = await offsets(run, from);
      const missing = Array.from({ length: total * BATCH }, (_, offset) => offset).filter((offset) => !stored.has(offset));
      const repeated = [...stored.values()].reduce((sum, times) => sum + times - 1, 0);
      console.info(
        `${over}: ${KILLS} kills, ${failed} failed writes, ${missing.length} of ${total * BATCH} events lost, ${repeated} repeated`,
      );
      expect(failed).toBeGreaterThanOrEqual(KILLS);
      expect(missing).toEqual([]);
    },
    200_000,
  );
});

/** Kills the server as soon as it writes anything of the batch, and starts it again once that was `noticed`. */
async function killOnce(before: number, noticed: () => boolean): Promise<void> {
  while ((await sizeOfLog()) === before) await sleep(1);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  while (!noticed()) await sleep(5);
  await promisify(execFile)(up, ['syslog'], { timeout: 60_000 });
}

const sizeOfLog = async () => (await stat(log).catch(() => ({ size: 0 }))).size;

/**
 * Offset → how often it was written, of this run. The kill tears the line that the server is writing, and the next one is
 * put right behind it; only what is whole counts, so every message is held against what was sent.
 */
async function offsets(run: string, from: number): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  const text = (await readFile(log)).subarray(from).toString();
  for (const line of text.split(/\n|(?=<\d+>1 \d{4}-)/)) {
    if (!line.includes(` ${run} `)) continue;
    const offset = Number(/ offset="(\d+)"\] /.exec(line)?.[1]);
    if (line === messageOf(run, offset)) counts.set(offset, (counts.get(offset) ?? 0) + 1);
  }
  return counts;
}

function messageOf(hostname: string, offset: number): string | undefined {
  if (Number.isNaN(offset)) return undefined;
  const options = {
    facility: 16,
    hostname,
    appName: 'parapet',
    enterpriseId: 32_473,
    version: '0.1.0',
    maxBytes: 8_192,
    format: 'cef' as const,
  };
  return syslogMessage(toEvent('threats', FIXTURES.threat(offset)), { partition: 0, offset }, options);
}
