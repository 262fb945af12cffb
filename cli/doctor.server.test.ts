/** The doctor at real servers: all well, and with credentials that they do not take. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingServers, type Servers, serversOf } from '../bench/servers.ts';
import { TOPIC_IDS } from '../log/topics.ts';
import { type Check, examine } from './doctor.ts';

const lacking = missingServers();
if (lacking.length > 0) console.warn(`SKIPPED: the doctor saw no real servers, because of ${lacking.join(', ')}.`);

describe.skipIf(lacking.length > 0)('the doctor at real servers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-doctor-'));
  let servers: Servers;
  beforeAll(async () => {
    servers = await serversOf();
  }, 60_000);
  afterAll(async () => {
    await servers.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function checks(settings: Record<string, string> = {}): Promise<Map<string, Check>> {
    const syslog = process.env['SYSLOG_TCP'] === undefined ? {} : { SIEM_SYSLOG_URL: `tcp://${process.env['SYSLOG_TCP']}` };
    const found = await examine({ PARAPET_DATA: folder, PARAPET_SANDBOX: 'true', ...syslog, ...servers.settings, ...settings });
    return new Map(found.map((check) => [check.name, check]));
  }

  it('finds them all well, with every topic', async () => {
    const found = await checks();
    const names = ['event log', 'schema registry', 'ClickHouse', 'lake', 'Elasticsearch', 'InfluxDB', 'PostgreSQL'];
    for (const name of names) expect(found.get(name), name).toMatchObject({ state: 'ok' });
    if (process.env['SYSLOG_TCP'] !== undefined) expect(found.get('syslog')).toMatchObject({ state: 'ok' });
    expect(found.get('event log')?.says).toContain(`${TOPIC_IDS.length} topics`);
  }, 60_000);

  it('says which credentials are wrong', async () => {
    const { DATABASE_URL = '' } = servers.settings;
    const stranger = new URL(DATABASE_URL);
    stranger.username = 'nobody-here';
    const found = await checks({
      CLICKHOUSE_PASSWORD: 'wrong',
      INFLUX_TOKEN: 'wrong',
      S3_SECRET_ACCESS_KEY: 'wrong-wrong-wrong',
      DATABASE_URL: stranger.href,
    });
    expect(found.get('ClickHouse')).toMatchObject({ state: 'failed', hint: expect.stringMatching(/CLICKHOUSE_/) });
    expect(found.get('InfluxDB')).toMatchObject({ state: 'failed', hint: expect.stringMatching(/INFLUX_TOKEN/) });
    expect(found.get('lake')).toMatchObject({ state: 'failed', hint: expect.stringMatching(/S3_|keys/) });
    expect(found.get('PostgreSQL')).toMatchObject({ state: 'failed', hint: expect.stringMatching(/DATABASE_URL/) });
  }, 60_000);

  it('says which port is not what its setting says', async () => {
    const { CLICKHOUSE_URL = '' } = servers.settings;
    const found = await checks({ ELASTICSEARCH_URL: CLICKHOUSE_URL, INFLUX_URL: CLICKHOUSE_URL });
    for (const [name, setting] of [
      ['Elasticsearch', 'ELASTICSEARCH_URL'],
      ['InfluxDB', 'INFLUX_'],
    ] as const) {
      expect(found.get(name), name).toMatchObject({ state: 'failed', hint: expect.stringContaining(setting) });
    }
  }, 60_000);
});
