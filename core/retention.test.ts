import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';
import { keptSince, outlives, parseRetention, RETENTION_DEFAULTS } from './retention.ts';

describe('the retention table', () => {
  it('has the defaults, in days that no run of calendar years is longer than', () => {
    expect(parseRetention('')).toEqual(RETENTION_DEFAULTS);
    expect(RETENTION_DEFAULTS).toEqual({
      interactions: { hotDays: 30, coldDays: 731 },
      audit: { hotDays: 90, coldDays: 2_557 },
      threats: { hotDays: 90, coldDays: 731 },
      metrics: { hotDays: 7, coldDays: 90 },
    });
    for (let year = 2026; year < 2060; year++) {
      expect(RETENTION_DEFAULTS.audit.coldDays).toBeGreaterThanOrEqual((Date.UTC(year + 7, 0) - Date.UTC(year, 0)) / 86_400_000);
    }
  });

  it('keeps the defaults of what a text does not name', () => {
    const table = parseRetention(' audit = 1y / forever , metrics=1d/1d');
    expect(table).toEqual({ ...RETENTION_DEFAULTS, audit: { hotDays: 366, coldDays: 0 }, metrics: { hotDays: 1, coldDays: 1 } });
  });

  it.each([
    ['evidence=1d/2d', 'evidence'],
    ['audit=2d/1d', 'at least as long'],
    ['audit=forever/7y', 'at least as long'],
    ['audit=30/2y', '"30"'],
    ['audit=30d', 'class=hot/cold'],
    ['audit=30d/2y/3y', 'class=hot/cold'],
    ['audit=0d/2y', '"0d"'],
    ['audit=30d/51y', '"51y"'],
    ['audit=30d/2m', '"2m"'],
    ['audit=30d/2y,audit=1d/2d', 'twice'],
    ['constructor=1d/2d', 'constructor'],
  ])('refuses %s', (text, says) => {
    expect(() => parseRetention(text)).toThrow(
      expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID', message: expect.stringContaining(says) }),
    );
    expect(() => readEnvironment({ PARAPET_RETENTION: text })).toThrow(/PARAPET_RETENTION: /);
  });

  it('is a part of the environment', () => {
    expect(readEnvironment({ PARAPET_RETENTION: 'interactions=1d/2d' }).PARAPET_RETENTION.interactions).toEqual({
      hotDays: 1,
      coldDays: 2,
    });
    expect(readEnvironment({}).PARAPET_RETENTION).toEqual(RETENTION_DEFAULTS);
  });

  it.each([
    [{ CLICKHOUSE_CLUSTER: 'c', CLICKHOUSE_URL: 'http://x' }, 'CLICKHOUSE_ENGINE=replicated'],
    [{ CLICKHOUSE_ENGINE: 'replicated' }, 'needs CLICKHOUSE_URL'],
    [{ CLICKHOUSE_COLD_VOLUME: 'cold', CLICKHOUSE_URL: 'http://x' }, 'needs CLICKHOUSE_STORAGE_POLICY'],
    [{ CLICKHOUSE_STORAGE_POLICY: 'x' }, 'needs CLICKHOUSE_URL'],
    [{ CLICKHOUSE_CLUSTER: "c' OR", CLICKHOUSE_ENGINE: 'replicated', CLICKHOUSE_URL: 'http://x' }, 'letters, digits'],
    [{ S3_COLD_STORAGE_CLASS: 'GLACIER' }, 'needs S3_BUCKET'],
  ])('goes only with what can keep it: %o', (settings, says) => {
    expect(() => readEnvironment(settings)).toThrow(says);
  });

  it('knows what is older than allowed', () => {
    expect(keptSince(0, 1e12)).toBe(0);
    expect(keptSince(1, 86_400_001)).toBe(1);
    expect([outlives(0, 5), outlives(5, 0), outlives(0, 0), outlives(6, 5)]).toEqual([true, false, false, true]);
  });
});
