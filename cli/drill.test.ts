/** Drills and evaluations, from what they print to the audit log. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../core/environment.ts';
import type { Report } from '../detection/evaluation/index.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { type DrillKind, recordDrill } from './drill.ts';
import { isMet, recordEvaluation } from './eval-record.ts';
import { openCodec, openLog } from './stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-drill-'));
let log: EventLog;
let codec: Codec;
beforeAll(async () => {
  const env = readEnvironment({ PARAPET_DATA: folder, PARAPET_PARTITIONS: '1' });
  log = await openLog(env);
  codec = await openCodec(env);
});
afterAll(async () => {
  await log.close();
  rmSync(folder, { recursive: true });
});

async function newest() {
  const topic = TOPICS.audit.name;
  const records = await log.read({ topic, partition: 0, offset: 0 }, { maxRecords: 1_000, maxBytes: 1_000_000 });
  const last = records.at(-1);
  return last === undefined ? undefined : codec.decode('audit', last.value);
}

function record(kind: DrillKind, text: string) {
  const path = join(folder, 'result.json');
  writeFileSync(path, text);
  return recordDrill({ log, codec, org: 'house', actor: 'ada' }, kind, path);
}

const chaos = (over = {}) =>
  JSON.stringify({ bench: 'chaos', figures: { accepted: 900, faults: 200, lost: 0, duplicated: 0, seconds: 60.5, ...over } });

describe('a drill', () => {
  it('is recorded from what npm run chaos printed, with its figures and the file’s hash', async () => {
    const { sha256 } = await record('chaos', `chaos: 200 faults\nIt holds.\n${chaos()}\n`);
    expect(await newest()).toMatchObject({
      ...{ org: 'house', actor: 'ada', action: 'drill.recorded', target: 'chaos' },
      details: { kind: 'chaos', passed: 'true', faults: '200', lost: '0', duplicated: '0', sha256, file: 'result.json' },
    });
  });

  it.each([{ lost: 1 }, { duplicated: 1 }, { faults: 0 }, { accepted: 0 }])('was not passed with %o', async (over) => {
    expect((await record('chaos', chaos(over))).passed).toBe(false);
  });

  it('may be a view that was rebuilt, or a backup', async () => {
    const replay = { view: 'interactions', source: 'lake', rows: 9, differences: 2, skipped: 0, seconds: 1 };
    expect(await record('restore', JSON.stringify(replay))).toMatchObject({
      target: 'interactions',
      passed: true,
      figures: { source: 'lake', differences: '2' },
    });
    expect(await record('backup', '{"rows": 9, "lost": 1, "name": "postgres"}')).toMatchObject({ target: 'postgres', passed: false });
  });

  it('is refused when the file is not of it, and nothing is recorded', async () => {
    await record('chaos', chaos());
    const before = await newest();
    for (const text of ['', 'nothing', '{"figures": {}}']) {
      await expect(record('chaos', text)).rejects.toMatchObject({ code: 'PARAPET_INVALID_REQUEST' });
    }
    await expect(record('restore', chaos())).rejects.toThrow('view');
    expect(await newest()).toEqual(before);
  });
});

describe('an evaluation', () => {
  it('is recorded with figures, the file’s hash and whether it met its bounds', async () => {
    const file = join(folder, 'mine.jsonl');
    writeFileSync(file, '{"text": "a"}\n');
    const evaluation = { attacks: 10, benign: 20, tprAlert: 0.9, fprAlert: 0.05, tprBlock: 0.8, fprBlock: null };
    const report = {
      files: [{ file, evaluation }],
      layers: { signatures: 'v1' },
      excluded: [],
      thresholds: { alert: 20, block: 70 },
      at: new Date(0),
    };
    await recordEvaluation({ log, codec, org: 'house', actor: 'ada' }, report as unknown as Report, { tprAlert: 0.85 });
    expect(await newest()).toMatchObject({
      ...{ action: 'detection.evaluated', target: 'mine.jsonl' },
      details: {
        attacks: '10',
        tprAlert: '0.9000',
        fprBlock: '',
        boundsMet: 'true',
        layers: '{"signatures":"v1"}',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
  });

  it('meets a bound only when it was tried', () => {
    const figures = { tprAlert: 0.9, fprAlert: null };
    expect(isMet(figures, {})).toBe('');
    expect(isMet(figures, { tprAlert: 0.9 })).toBe('true');
    expect(isMet(figures, { tprAlert: 0.91 })).toBe('false');
    expect(isMet(figures, { tprAlert: 0.5, fprAlert: 0.5 })).toBe('false');
  });
});
