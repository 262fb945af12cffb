import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readEnvironment, SETTING_NAMES } from '../core/environment.ts';
import { behaviourPage } from '../detection/behaviour/page.ts';
import { errorsPage, readBehaviourPage, readErrorsPage } from '../docs/generate.ts';

const page = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');

describe('the docs', () => {
  it('list every error code as the code has it (npm run docs)', () => {
    expect(readErrorsPage()).toBe(errorsPage());
  });

  it('list every indicator of behaviour as the code has it (npm run docs)', () => {
    expect(readBehaviourPage()).toBe(behaviourPage());
  });

  it('list every setting, and none that is not one', () => {
    const text = page('configuration.md');
    const documented = (name: string) => text.includes(`\`${name}\``) || /_(USER|PASSWORD|DATABASE)$/.test(name);
    expect(SETTING_NAMES.filter((name) => !documented(name))).toEqual([]);
    const mentioned = [...text.matchAll(/`(PARAPET_[A-Z_]+)`/g)].map((match) => match[1] as string);
    expect(mentioned.filter((name) => !SETTING_NAMES.includes(name) && name !== 'PARAPET_…')).toEqual([]);
  });

  it('name only files that exist', () => {
    for (const name of ['architecture.md', 'failures.md', 'gateway.md']) {
      const paths = [...page(name).matchAll(/`((?:[a-z0-9-]+\/)+[a-z0-9.-]+\.(?:ts|avsc|md|json))`/g)].map((match) => match[1] as string);
      expect(paths.length).toBeGreaterThan(2);
      for (const path of paths) expect(() => readFileSync(new URL(`../${path}`, import.meta.url)), path).not.toThrow();
    }
  });
});

describe('the environment', () => {
  it('names every mistake at once', () => {
    const mistakes = { PARAPET_PROT: '1', PARAPET_BODY_LIMIT_BYTES: '-1', PARAPET_INSPECT_MODE: 'loud', REDIS_URL: 'redis://x' };
    expect(() => readEnvironment(mistakes)).toThrow(
      expect.objectContaining({
        code: 'PARAPET_CONFIG_INVALID',
        message: expect.stringMatching(
          /PARAPET_PROT is not a setting[\s\S]*REDIS_URL[\s\S]*PARAPET_BODY_LIMIT_BYTES[\s\S]*PARAPET_INSPECT_MODE/,
        ),
      }),
    );
  });
  it('refuses combinations that are unsafe', () => {
    expect(() => readEnvironment({ PARAPET_SPOOL_BYTES: '1000000' })).toThrow(/four times/);
    expect(() => readEnvironment({ S3_ENDPOINT: 'http://localhost:9000' })).toThrow(/S3_BUCKET/);
    expect(() => readEnvironment({ S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'a' })).toThrow(/together/);
    expect(() => readEnvironment({ PARAPET_DURABILITY: 'kafka' })).toThrow(/KAFKA_BROKERS/);
    expect(() => readEnvironment({ INFLUX_URL: 'http://localhost:8086' })).toThrow(/INFLUX_TOKEN/);
    expect(() => readEnvironment({ SIEM_SYSLOG_URL: 'udp://siem:514' })).toThrow(/tls:/);
    expect(() => readEnvironment({ SIEM_WEBHOOK_URL: 'https://siem', SIEM_WEBHOOK_SECRETS: 'a,b' })).toThrow(/SIEM_WEBHOOK_SECRETS/);
  });
});
