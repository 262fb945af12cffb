import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';
import { settingsHash, settingsInForce } from './in-force.ts';

const SECRETS = {
  OPENAI_API_KEY: 'hush-1',
  PARAPET_MASTER_KEY: 'hush-2',
  PARAPET_CANARIES: 'hush-canary',
  PARAPET_SENSITIVE_HASH_KEY: 'hush-hash-key-long-enough',
  CLICKHOUSE_URL: 'https://user:hush-3@store.example:8443/?password=hush-4',
  CLICKHOUSE_PASSWORD: 'hush-5',
  DATABASE_URL: 'postgres://user:hush-6@db.example:5432/parapet',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=hush-7',
};

describe('settings in force', () => {
  it('show no secret, only whether there is one', () => {
    const settings = settingsInForce(readEnvironment(SECRETS));
    expect(JSON.stringify(settings)).not.toContain('hush');
    expect(settings).toMatchObject({ OPENAI_API_KEY: 'present', PARAPET_CANARIES: 'present', PARAPET_INSPECT_MODE: 'monitor' });
    expect(settings['DATABASE_URL']).toBe('postgres://…@db.example:5432/parapet');
    expect(settingsInForce(readEnvironment({}))).toMatchObject({ OPENAI_API_KEY: 'absent', PARAPET_MASTER_KEY: 'absent' });
  });

  it('have the same hash as long as they are the same', () => {
    const hashOf = (source: NodeJS.ProcessEnv) => settingsHash(settingsInForce(readEnvironment(source)));
    expect(hashOf({ PARAPET_BLOCK_SCORE: '60' })).not.toBe(hashOf({}));
    const settings = settingsInForce(readEnvironment({}));
    expect(settingsHash(Object.fromEntries(Object.entries(settings).reverse()))).toBe(hashOf({}));
  });
});
