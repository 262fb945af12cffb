/**
 * Against rsyslog, over TCP and over TLS: every event arrives exactly as sent, hostile text included. Needs SYSLOG_TCP,
 * SYSLOG_TLS (host:port), SYSLOG_CA and SYSLOG_LOG, the file in which the server puts what it receives, one message a line.
 */
import { readFile, stat } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import type { SinkBatch } from '../port.ts';
import { toEvent } from './event.ts';
import { createSyslogSink } from './syslog.ts';
import { syslogMessage } from './syslog-message.ts';
import { parseCef, parseSyslog } from './testing/cef-parser.ts';
import { hostileThreat } from './testing/hostile.ts';

const { SYSLOG_TCP: tcp, SYSLOG_TLS: tls, SYSLOG_CA: caFile, SYSLOG_LOG: log = '' } = process.env;
if (tcp === undefined) console.warn('SKIPPED: syslog was not tested against a server, because SYSLOG_TCP is not set.');

const run = `run-${process.pid}-${Date.now()}`;
const OPTIONS = { facility: 16, hostname: run, appName: 'parapet', enterpriseId: 32_473, version: '0.1.0', maxBytes: 8_192 };

function at(address = ''): { host: string; port: number } {
  const [host = '', port] = address.split(':');
  return { host, port: Number(port) };
}

/** What the server wrote since byte `from`, of this run. */
async function linesSince(from: number): Promise<string[]> {
  const bytes = await readFile(log);
  return bytes
    .subarray(from)
    .toString()
    .split('\n')
    .filter((line) => line.includes(` ${run} `));
}

const sizeOfLog = async () => (await stat(log).catch(() => ({ size: 0 }))).size;

function hostileBatch(count: number): SinkBatch<ReturnType<ReturnType<typeof createFixtures>['threat']>> {
  const batch = createFixtures().batch('threats', { first: 0, last: count - 1 });
  const values = fc.sample(hostileThreat, { numRuns: count, seed: 7 });
  batch.records = batch.records.map((record, n) => ({
    ...record,
    value: { ...(values[n] as (typeof values)[0]), threatId: record.value.threatId },
  }));
  return batch;
}

describe.skipIf(tcp === undefined)('rsyslog', () => {
  const fixtures = createFixtures();

  it.each([
    ['TCP', 'cef'],
    ['TCP', 'ocsf'],
    ['TLS', 'cef'],
    ['TLS', 'ocsf'],
  ] as const)('over %s writes every event of %s exactly as sent, once and in order', async (over, format) => {
    const address = over === 'TCP' ? { ...at(tcp), protocol: 'tcp' as const } : { ...at(tls), protocol: 'tls' as const, caFile };
    const sink = createSyslogSink({ topic: 'threats', ...address, format, hostname: run });
    await sink.open();
    const from = await sizeOfLog();
    const batches = [0, 1_000, 2_000].map((first) => fixtures.batch('threats', { first, last: first + 999 }));
    for (const batch of batches) expect(await sink.write(batch)).toEqual([]);
    const expected = batches.flatMap(({ records }) =>
      records.map(({ value, offset }) => syslogMessage(toEvent('threats', value), { partition: 0, offset }, { ...OPTIONS, format })),
    );
    await expect.poll(async () => (await linesSince(from)).length, { timeout: 30_000 }).toBe(3_000);
    expect(await linesSince(from)).toEqual(expected);
  });

  it('writes hostile text as one message an event, each of which reads back', async () => {
    const sink = createSyslogSink({ topic: 'threats', ...at(tls), caFile, hostname: run });
    const from = await sizeOfLog();
    const batch = hostileBatch(500);
    expect(await sink.write(batch)).toEqual([]);
    await expect.poll(async () => (await linesSince(from)).length, { timeout: 30_000 }).toBe(500);
    const lines = await linesSince(from);
    lines.forEach((line, offset) => {
      const message = parseSyslog(line);
      const value = batch.records[offset]?.value;
      if (value === undefined) throw new Error('a message without a record');
      expect(line).toBe(syslogMessage(toEvent('threats', value), { partition: 0, offset }, { ...OPTIONS, format: 'cef' }));
      expect(parseCef(message.body).extension.get('externalId')).toBe(value.threatId);
    });
    // Nothing that the events carried has become a line of its own.
    expect((await readFile(log)).subarray(from).toString().trimEnd().split('\n')).toHaveLength(500);
  });

  it.each(['cef', 'ocsf'] as const)('writes verdicts of %s exactly as sent, whatever severity is wanted', async (format) => {
    const sink = createSyslogSink({ topic: 'verdicts', ...at(tls), caFile, format, hostname: run, minSeverity: 'critical' });
    const from = await sizeOfLog();
    const batch = fixtures.batch('verdicts', { first: 0, last: 99 });
    expect(await sink.write(batch)).toEqual([]);
    await expect.poll(async () => (await linesSince(from)).length, { timeout: 30_000 }).toBe(100);
    const expected = batch.records.map(({ value, offset }) =>
      syslogMessage(toEvent('verdicts', value), { partition: 0, offset }, { ...OPTIONS, format }),
    );
    expect(await linesSince(from)).toEqual(expected);
  });

  it('takes audit events, of any severity', async () => {
    const sink = createSyslogSink({ topic: 'audit', ...at(tls), caFile, hostname: run });
    const from = await sizeOfLog();
    await sink.write(fixtures.batch('audit', { first: 0, last: 99 }));
    await expect.poll(async () => (await linesSince(from)).length, { timeout: 30_000 }).toBe(100);
  });
});
