/** What the doctor says of servers that are not as they should be, each a real one on this machine. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { certificate } from '../sinks/elasticsearch/testing.ts';
import { type Check, examine } from './doctor.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-doctor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function checks(settings: Record<string, string>): Promise<Map<string, Check>> {
  const found = await examine({ PARAPET_DATA: join(folder, 'data'), PARAPET_SANDBOX: 'true', ...settings });
  return new Map(found.map((check) => [check.name, check]));
}

interface Served {
  cert: string;
  key: string;
  caFile: string;
}

/** A certificate for 127.0.0.1, good from and to so many days from now. */
function certificateOf(name: string, from: number, to: number): Served {
  const at = (days: number) => new Date(Date.now() + days * 86_400_000);
  const made = certificate({ ip: '127.0.0.1', from: at(from), to: at(to) });
  const caFile = join(folder, `${name}.pem`);
  writeFileSync(caFile, made.cert);
  return { ...made, caFile };
}

async function serve({ cert, key }: Served): Promise<number> {
  const server = createServer({ cert, key }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
    response.end(JSON.stringify({ name: 'n', cluster_name: 'c', version: { number: '8.19.0' }, tagline: 'You Know, for Search' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('the doctor', () => {
  it('finds nothing to say of what is not configured', async () => {
    const found = await checks({});
    for (const name of ['Elasticsearch', 'InfluxDB', 'PostgreSQL', 'syslog', 'webhook', 'Splunk HEC', 'certificates']) {
      expect(found.has(name), name).toBe(false);
    }
    expect(found.get('event log')).toMatchObject({ state: 'ok', says: expect.stringContaining('8 topics') });
    expect(found.get('openssl')).toMatchObject({ state: 'ok', says: expect.stringMatching(/^(Open|Libre)SSL /) });
  });

  it('says when there is no openssl, which evidence needs', async () => {
    const found = await checks({ PARAPET_OPENSSL: '/nowhere/openssl' });
    expect(found.get('openssl')).toMatchObject({ state: 'failed', says: expect.stringContaining('/nowhere/openssl') });
  });

  it('names the setting whose host cannot be resolved', async () => {
    const found = await checks({
      CLICKHOUSE_URL: 'http://nowhere.invalid:8123',
      ELASTICSEARCH_URL: 'http://nowhere.invalid:9200',
      INFLUX_URL: 'http://nowhere.invalid:8086',
      INFLUX_TOKEN: 't',
      INFLUX_ORG: 'o',
      DATABASE_URL: 'postgres://p@nowhere.invalid/p',
      SIEM_SYSLOG_URL: 'tls://nowhere.invalid:6514',
      SIEM_WEBHOOK_URL: 'https://nowhere.invalid/hook',
      SIEM_WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
      SIEM_HEC_URL: 'https://nowhere.invalid:8088',
      SIEM_HEC_TOKEN: '11111111-2222-3333-4444-555555555555',
    });
    for (const name of ['ClickHouse', 'Elasticsearch', 'InfluxDB', 'PostgreSQL', 'syslog', 'webhook', 'Splunk HEC']) {
      expect(found.get(name), name).toMatchObject({ state: 'failed', hint: expect.stringMatching(/resolved/) });
    }
    expect(found.get('PostgreSQL')?.hint).toContain('DATABASE_URL');
    expect(found.get('ClickHouse')?.hint).toContain('CLICKHOUSE_');
  }, 60_000);

  it('says that nothing listens, where nothing does', async () => {
    const found = await checks({
      CLICKHOUSE_URL: 'http://127.0.0.1:9',
      DATABASE_URL: 'postgres://p@127.0.0.1:9/p',
      SIEM_SYSLOG_URL: 'tcp://127.0.0.1:9',
    });
    for (const name of ['ClickHouse', 'PostgreSQL', 'syslog']) {
      expect(found.get(name), name).toMatchObject({ state: 'failed', hint: expect.stringMatching(/[Nn]othing listens/) });
    }
  });
});

describe('the doctor and certificates', () => {
  const expired = certificateOf('expired', -40, -3);
  const soon = certificateOf('soon', -40, 5);
  const good = certificateOf('good', -40, 90);
  const search = (port: number, caFile: string) => ({ ELASTICSEARCH_URL: `https://127.0.0.1:${port}`, ELASTICSEARCH_CA_FILE: caFile });

  it('fails on one that has ended, and says to renew it', async () => {
    const found = await checks(search(await serve(expired), expired.caFile));
    expect(found.get('Elasticsearch')).toMatchObject({ state: 'failed', hint: expect.stringMatching(/Renew/) });
    expect(found.get('certificates')).toMatchObject({
      state: 'failed',
      says: expect.stringMatching(/ELASTICSEARCH_URL .*ended [34] days ago/),
    });
  });
  it('warns of one that ends within two weeks', async () => {
    const found = await checks(search(await serve(soon), soon.caFile));
    expect(found.get('Elasticsearch')).toMatchObject({ state: 'ok', says: expect.stringContaining('8.19.0') });
    expect(found.get('certificates')).toMatchObject({ state: 'warning', says: expect.stringMatching(/[45] days/) });
  });
  it('is content with one that lasts', async () => {
    expect((await checks(search(await serve(good), good.caFile))).get('certificates')).toMatchObject({ state: 'ok' });
  });
  it('fails a webhook whose authority is not trusted', async () => {
    const found = await checks({
      SIEM_WEBHOOK_URL: `https://127.0.0.1:${await serve(good)}/hook`,
      SIEM_WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
      SIEM_WEBHOOK_ALLOW_PRIVATE_NETWORKS: 'true',
    });
    expect(found.get('webhook')).toMatchObject({ state: 'failed', hint: expect.stringMatching(/not trusted/) });
  });
});
