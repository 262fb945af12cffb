import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../core/environment.ts';
import { divide } from './assignor.ts';
import { kafkaConnection } from './connection.ts';
import { tokenSource } from './oauth.ts';
import { topicConfig } from './topics.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-kafka-'));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
afterAll(() => rmSync(folder, { recursive: true }));

const connectionOf = (env: Record<string, string>) =>
  kafkaConnection(readEnvironment({ KAFKA_BROKERS: 'k1.example:9093, k2.example:9093', ...env }));
const problemsOf = (env: Record<string, string>) => {
  try {
    readEnvironment({ KAFKA_BROKERS: 'k1.example:9093', ...env });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('Kafka settings', () => {
  it('take a list of brokers', () => {
    expect(connectionOf({})).toEqual({ brokers: ['k1.example:9093', 'k2.example:9093'], clientId: 'parapet', ssl: false });
    expect(problemsOf({ KAFKA_BROKERS: 'kafka' })).toContain('host:port');
    expect(problemsOf({ KAFKA_BROKERS: 'http://kafka:9092' })).toContain('host:port');
  });

  it('take TLS with files of an authority and of a client', () => {
    const env = {
      KAFKA_SSL: 'true',
      KAFKA_SSL_CA_FILE: file('ca.pem', 'authority'),
      KAFKA_SSL_CERT_FILE: file('cert.pem', 'certificate'),
      KAFKA_SSL_KEY_FILE: file('key.pem', 'key'),
      KAFKA_SSL_KEY_PASSWORD: 'words',
    };
    expect(connectionOf(env).ssl).toEqual({ ca: 'authority', cert: 'certificate', key: 'key', passphrase: 'words' });
    expect(connectionOf({ KAFKA_SSL: 'true' }).ssl).toEqual({});
  });

  it('take each SASL mechanism', () => {
    const named = { KAFKA_SASL_USERNAME: 'parapet', KAFKA_SASL_PASSWORD: 'secret', KAFKA_SSL: 'true' };
    expect(connectionOf({ ...named, KAFKA_SASL_MECHANISM: 'PLAIN' }).sasl).toEqual({
      mechanism: 'plain',
      username: 'parapet',
      password: 'secret',
    });
    expect(connectionOf({ ...named, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256' }).sasl).toMatchObject({ mechanism: 'scram-sha-256' });
    expect(connectionOf({ ...named, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' }).sasl).toMatchObject({ mechanism: 'scram-sha-512' });
    expect(
      connectionOf({ KAFKA_SSL: 'true', KAFKA_SASL_MECHANISM: 'OAUTHBEARER', KAFKA_SASL_OAUTH_TOKEN_FILE: file('token', 'x') }).sasl,
    ).toMatchObject({ mechanism: 'oauthbearer' });
  });

  it('refuse what does not go together, all at once', () => {
    const problems = problemsOf({
      KAFKA_SSL_CA_FILE: '/nowhere/ca.pem',
      KAFKA_SSL_CERT_FILE: '/nowhere/cert.pem',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'parapet',
    });
    expect(problems).toContain('KAFKA_SSL_CA_FILE is set, but KAFKA_SSL is not true');
    expect(problems).toContain('/nowhere/cert.pem is not there');
    expect(problems).toContain('KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE must be set together');
    expect(problems).toContain('KAFKA_SASL_PASSWORD must be set for PLAIN');
    expect(problems).toContain('sends credentials in the clear');
  });

  it('let PLAIN go unencrypted only to this machine or where it is said', () => {
    const plain = { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' };
    expect(problemsOf(plain)).toContain('KAFKA_ALLOW_PLAINTEXT_SASL');
    expect(problemsOf({ ...plain, KAFKA_BROKERS: 'localhost:9092,127.0.0.1:9093' })).toBe('');
    expect(problemsOf({ ...plain, KAFKA_BROKERS: 'localhost:9092,k1.example:9093' })).toContain('KAFKA_ALLOW_PLAINTEXT_SASL');
    expect(problemsOf({ ...plain, KAFKA_ALLOW_PLAINTEXT_SASL: 'true' })).toBe('');
    expect(problemsOf({ ...plain, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' })).toBe('');
  });

  it('want one source of tokens', () => {
    const oauth = { KAFKA_SSL: 'true', KAFKA_SASL_MECHANISM: 'OAUTHBEARER' };
    expect(problemsOf(oauth)).toContain('needs either');
    expect(problemsOf({ ...oauth, KAFKA_SASL_OAUTH_TOKEN_URL: 'https://id.example/token' })).toContain('needs either');
    expect(problemsOf({ KAFKA_SASL_OAUTH_SCOPE: 'kafka', KAFKA_SASL_OAUTH_TOKEN_FILE: '/t' })).toContain('is not OAUTHBEARER');
  });
});

describe('tokens', () => {
  it('come by the client credentials grant and are kept for most of their life', async () => {
    let asked = 0;
    const seen: string[] = [];
    const server = createServer((request, response) => {
      asked += 1;
      seen.push(request.headers.authorization ?? '');
      request.on('data', (chunk) => seen.push(String(chunk)));
      request.on('end', () => response.end(JSON.stringify({ access_token: `token-${asked}`, expires_in: 300 })));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    let now = 0;
    const token = tokenSource(
      {
        KAFKA_SASL_OAUTH_TOKEN_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
        KAFKA_SASL_OAUTH_CLIENT_ID: 'parapet',
        KAFKA_SASL_OAUTH_CLIENT_SECRET: 'se cret',
        KAFKA_SASL_OAUTH_SCOPE: 'kafka',
      },
      () => now,
    );
    expect(await Promise.all([token(), token()])).toEqual([{ value: 'token-1' }, { value: 'token-1' }]);
    expect(seen[0]).toBe(`Basic ${Buffer.from('parapet:se%20cret').toString('base64')}`);
    expect(seen[1]).toBe('grant_type=client_credentials&scope=kafka');
    now = 269_000;
    expect(await token()).toEqual({ value: 'token-1' });
    now = 271_000;
    expect(await token()).toEqual({ value: 'token-2' });
    server.close();
  });

  it('say what is wrong without the secret', async () => {
    const url = { KAFKA_SASL_OAUTH_TOKEN_URL: 'http://127.0.0.1:9/token', KAFKA_SASL_OAUTH_CLIENT_SECRET: 'hidden' };
    const error = await tokenSource(url)().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'PARAPET_LOG_UNAVAILABLE' });
    expect(error.message).not.toContain('hidden');
    await expect(tokenSource({ KAFKA_SASL_OAUTH_TOKEN_FILE: '/nowhere/token' })()).rejects.toMatchObject({
      code: 'PARAPET_LOG_UNAVAILABLE',
    });
    expect(await tokenSource({ KAFKA_SASL_OAUTH_TOKEN_FILE: file('fresh', 'abc\n') })()).toEqual({ value: 'abc' });
  });
});

describe('topics and their division', () => {
  it('are never emptied by Kafka behind a reader’s back, and want two replicas in sync where there are three', () => {
    expect(topicConfig('parapet.interactions.v1', { replicationFactor: 3, maxRecordBytes: 5e6 })).toMatchObject({
      'retention.ms': '-1',
      'min.insync.replicas': '2',
      'max.message.bytes': String(5e6 + 65_536),
    });
    const derived = topicConfig('parapet.threats.v1', { replicationFactor: 1, maxRecordBytes: 1e6 });
    expect(derived['retention.ms']).toBe('-1');
    expect(derived).not.toHaveProperty('min.insync.replicas');
  });

  it('give each partition to one reader of its topic', () => {
    const members = [
      { id: 'b', topics: ['x', 'y'] },
      { id: 'a', topics: ['x'] },
    ];
    const divided = divide(members, [
      { topic: 'x', partitions: 5 },
      { topic: 'y', partitions: 2 },
    ]);
    expect([...divided]).toEqual([
      ['a', { x: [0, 2, 4] }],
      ['b', { x: [1, 3], y: [0, 1] }],
    ]);
  });
});
