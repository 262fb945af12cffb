import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { stabilityIndex } from '../detection/drift.ts';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { type Codec, createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { SAMPLES } from '../schemas/samples.ts';
import { measureDrift, renderDrift, watchDrift } from './drift.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22, 12);
const folder = mkdtempSync(join(tmpdir(), 'parapet-drift-'));
let log: EventLog;
let codec: Codec;

beforeAll(async () => {
  log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(2) });
  codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  // A week of calm, then a day in which half of what comes is risky; the same models all the while.
  for (let hour = -8 * 24; hour < 0; hour++) await fill(hour, 12, hour >= -24 ? 6 : 1);
}, 60_000);
afterAll(async () => {
  await log.close();
  rmSync(folder, { recursive: true });
});

async function fill(hour: number, count: number, risky: number): Promise<void> {
  const records = Array.from({ length: count }, (_, n) => {
    const { interaction, enrichment, assessment } = SAMPLES.AssessedInteraction as never as {
      interaction: object;
      enrichment: object;
      assessment: object;
    };
    const assessed = {
      interaction: { ...interaction, modelAsked: n % 2 === 0 ? 'small' : 'large' },
      enrichment,
      assessment: { ...assessment, riskScore: n < risky ? 80 : 0, topThreatType: n < risky ? 'jailbreak' : null },
    };
    return {
      topic: TOPICS.assessed.name,
      key: `k${n}`,
      timestamp: NOW + hour * HOUR + n * 1_000,
      headers: {},
      value: codec.encode('assessed', assessed as never),
    };
  });
  await log.append(records);
}

describe('drift', () => {
  it('shows in what has changed and not in what has not', async () => {
    const drift = await measureDrift({ log, codec }, { now: NOW, recentHours: 24, beforeHours: 168 });
    expect([drift.recent, drift.before]).toEqual([24 * 12, 168 * 12]);
    const byName = new Map(drift.measures.map((each) => [each.measure, each]));
    expect(byName.get('risk')).toMatchObject({ notable: true });
    expect(byName.get('threat_type')).toMatchObject({ notable: true });
    expect(byName.get('model')?.index).toBeCloseTo(0, 6);
    expect(renderDrift(drift).join('\n')).toMatch(/risk +\d\.\d{3} {2}changed/);
  });

  it('says nothing about too few', async () => {
    const drift = await measureDrift({ log, codec }, { now: NOW, recentHours: 2, beforeHours: 168 });
    expect(drift.measures.every(({ index, notable }) => index === null && !notable)).toBe(true);
    const nothing = await measureDrift({ log, codec }, { now: NOW - 1_000 * HOUR, recentHours: 24, beforeHours: 168 });
    expect([nothing.recent, nothing.before]).toEqual([0, 0]);
  });

  it('is told once, as metric, log and audit event, and so is that somebody looked', async () => {
    const metrics = createMetrics({ defaults: false });
    const said: string[] = [];
    const audit = async (action: string, { measure, notable }: Record<string, string>) => said.push(`${action} ${measure ?? notable}`);
    const watch = watchDrift({ log, codec, logger: createLogger('test', 'silent'), metrics, audit }, () => NOW);
    await watch.close();
    expect(said).toEqual(['detection.drifted risk', 'detection.drifted threat_type', 'detection.watched 2']);
    expect(await metrics.registry.metrics()).toMatch(/parapet_detection_drift\{measure="model"\} 0/);
  });

  it('is an index: nought for the same, the sum of the terms for others', () => {
    const counts = (a: number, b: number) =>
      new Map([
        ['a', a],
        ['b', b],
      ]);
    expect(stabilityIndex(counts(500, 500), counts(250, 250))).toBe(0);
    expect(stabilityIndex(counts(500, 500), counts(300, 700))).toBeCloseTo(-0.2 * Math.log(0.6) + 0.2 * Math.log(1.4), 9);
    expect(stabilityIndex(counts(500, 0), counts(300, 700))).toBeGreaterThan(1);
    expect(stabilityIndex(counts(100, 99), counts(300, 700))).toBeNull();
  });
});
