import { hash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { publishReport, type ReportRequest } from '../compliance/assembly/index.ts';
import { type Desk, openDesk, smallFramework } from '../compliance/assembly/testing.ts';
import { assessedOf, type Ground, openGround } from '../compliance/collectors/testing.ts';
import { climb } from '../compliance/package/merkle.ts';
import { TOPICS } from '../log/topics.ts';
import type { Interaction } from '../schemas/types.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { createFolderStore, createLakeSink, type ObjectStore } from '../sinks/s3/index.ts';
import { attest } from './attest.ts';
import { decide } from './decide.ts';
import { describeFrameworks, renderFrameworks } from './frameworks.ts';
import { listPackages, renderPackages } from './packages.ts';
import { proveInteraction, renderProof } from './prove.ts';
import { renderReported, report } from './report.ts';
import { renderVerified, verifyAll } from './verify.ts';

const COUNT = 60;
const START = Date.parse('2026-09-10T00:00:00.000Z') * 1_000;
const fixtures = createFixtures();

let ground: Ground;
let desk: Desk;
/** As the log has them. */
let events: { interaction: Interaction; bytes: Buffer; eventHash: string }[];

/** The interaction, its record, and what `enrich` says of both. */
function eventOf(n: number, startedAt: number): (typeof events)[number] {
  const { interaction } = assessedOf(fixtures, n, { startedAt, endedAt: startedAt + 1_000_000 });
  const bytes = ground.codec.encode('interactions', interaction);
  return { interaction, bytes, eventHash: hash('sha256', bytes) };
}

async function view(written: typeof events, from: number): Promise<void> {
  const rows = written.map(({ interaction, eventHash }, n) => {
    const row = assessedOf(fixtures, from + n);
    return { ...row, interaction, enrichment: { ...row.enrichment, eventHash } };
  });
  await ground.write('assessed', rows);
}

beforeAll(async () => {
  ground = await openGround();
  REQUEST.framework = smallFramework(ground.env.PARAPET_DATA);
  events = Array.from({ length: COUNT }, (_, n) => eventOf(n, START + n * 3_600_000_000));
  await view(events, 0);
});
afterAll(() => ground.close());
beforeEach(() => {
  desk = openDesk(ground);
  return () => desk.remove();
});

const REQUEST: ReportRequest = { framework: 'GDPR', org: 'acme', period: '2026-09', author: 'ann', languages: ['en'], formats: ['csv'] };
const ID = 'report/SMALL/acme/2026-09';
const quiet = () => undefined;

describe('parapet report', () => {
  it('publishes at once where nobody is named who approves, and waits where somebody is', async () => {
    const made = await report(desk.parts, REQUEST, quiet);
    expect(made).toMatchObject({ id: ID, interactions: COUNT, unproven: 0, addendum: null });
    expect(made.publishedAt).toContain(ID);
    expect(Object.values(made.requirements).reduce((sum, count) => sum + count)).toBe(3);

    const other = openDesk(ground);
    name(other, ['bob']);
    const waiting = await report(other.parts, REQUEST, quiet);
    expect(waiting.publishedAt).toBeNull();
    expect(renderReported(waiting).join('\n')).toContain(`parapet approve ${ID}`);
    expect(await listPackages(other.parts, 'acme')).toMatchObject([{ id: ID, state: 'waits for approval', approvals: 0 }]);
    other.remove();
  });

  it('adds to the package before what came late for it, and goes on behind that', async () => {
    await report(desk.parts, REQUEST, quiet);
    await view([eventOf(500, START + 5 * 86_400_000_000)], 500);
    const next = await report(desk.parts, { ...REQUEST, period: '2026-10' }, quiet);
    expect(next.addendum).toBe(`${ID}.addendum-1`);
    const states = (await listPackages(desk.parts, 'acme')).map(({ id, state }) => [id, state]);
    expect(states).toEqual([ID, `${ID}.addendum-1`, 'report/SMALL/acme/2026-10'].map((id) => [id, 'published']));
    // Found in the archive as well, by who has only that.
    rmSync(join(desk.parts.root, 'work'), { recursive: true });
    expect(renderPackages(await listPackages(desk.parts, 'acme'))).toHaveLength(3);
    const all = await verifyAll(
      states.map(([id]) => id as string),
      { openssl: desk.parts.openssl },
      desk.parts.archive,
    );
    expect(all).toMatchObject({ valid: true, errors: [] });
    const skipped = await verifyAll(
      [states[0]?.[0] as string, states[2]?.[0] as string],
      { openssl: desk.parts.openssl },
      desk.parts.archive,
    );
    expect(skipped).toMatchObject({ valid: false });
    expect(renderVerified(skipped).at(-1)).toBe('NOT valid');
  });
});

describe('parapet approve and reject', () => {
  it('publish when enough have approved', async () => {
    name(desk, ['bob', 'eve'], 2);
    await report(desk.parts, REQUEST, quiet);
    expect(await decide(desk.parts, 'approve', ID, { by: 'bob', comment: '' })).toMatchObject({ approvals: 1, publishedAt: null });
    const second = await decide(desk.parts, 'approve', ID, { by: 'eve', comment: '' });
    expect(second).toMatchObject({ approvals: 2, publishedAt: expect.stringContaining(ID) });
    expect((await publishReport(desk.parts, ID)).location).toBe(second.publishedAt);
  });

  it('say what has to be published or made again first', async () => {
    name(desk, ['bob']);
    await report(desk.parts, { ...REQUEST, period: '2026-08' }, quiet);
    await report(desk.parts, REQUEST, quiet);
    const approved = await decide(desk.parts, 'approve', ID, { by: 'bob', comment: '' });
    expect(approved).toMatchObject({ publishedAt: null, says: expect.stringContaining('2026-08, which is not published') });
    const rejected = await decide(desk.parts, 'reject', 'report/SMALL/acme/2026-08', { by: 'bob', comment: 'no' });
    expect(rejected).toMatchObject({ unsealed: [ID], says: expect.stringContaining(ID) });
  });
});

describe('parapet prove', () => {
  let lake: ObjectStore;
  beforeEach(async () => {
    lake = createFolderStore(join(desk.folder, 'lake'));
    await lake.open();
    const records = events.map(({ interaction, bytes }, offset) => ({
      offset,
      timestamp: interaction.startedAt / 1_000,
      key: 'acme/bot',
      headers: {},
      value: interaction,
      raw: bytes,
    }));
    const batch = { topic: TOPICS.interactions.name, partition: 0, firstOffset: 0, lastOffset: COUNT - 1, records, recovered: false };
    expect(await createLakeSink({ store: lake, topic: 'interactions' }).write(batch)).toEqual([]);
    await report(desk.parts, REQUEST, quiet);
  });

  it('leads from the record of the lake to the root of the package', async () => {
    const out = join(desk.folder, 'proof');
    const { interaction, bytes, eventHash } = events[17] as (typeof events)[number];
    const result = await proveInteraction({ parts: desk.parts, lake, org: 'acme' }, interaction.interactionId, { framework: 'SMALL', out });
    expect(result).toMatchObject({ record: true, proof: { package: ID, eventHash } });
    expect(readFileSync(join(out, 'record.avro'))).toEqual(bytes);
    const proof = JSON.parse(readFileSync(join(out, 'proof.json'), 'utf8'));
    const { interactions } = JSON.parse(readFileSync(join(desk.parts.root, 'work', ID, 'package/manifest.json'), 'utf8'));
    expect(climb(proof.leaf, proof.steps)).toBe(interactions.root);
    expect(renderProof(result, out).join('\n')).toContain('record.avro');
  });

  it('is impossible for what is not there, of another time, or of another organisation', async () => {
    const impossible = expect.objectContaining({ code: 'PARAPET_PROOF_IMPOSSIBLE' });
    const { interactionId } = (events[0] as (typeof events)[number]).interaction;
    const ask = (org: string, id: string, framework = 'SMALL') => proveInteraction({ parts: desk.parts, lake, org }, id, { framework });
    await expect(ask('acme', 'none')).rejects.toEqual(impossible);
    await expect(ask('other', interactionId)).rejects.toEqual(impossible);
    await expect(ask('acme', interactionId, 'SOC2')).rejects.toEqual(impossible);
  });
});

describe('parapet verify', () => {
  it('names what was changed, and in which package', async () => {
    const { folder } = await report(desk.parts, REQUEST, quiet);
    const options = {
      openssl: desk.parts.openssl,
      trustFile: join(desk.folder, 'authority/root.pem'),
      timestampTrustFile: join(desk.folder, 'authority/root.pem'),
    };
    expect(await verifyAll([folder, ID], options, desk.parts.archive)).toMatchObject({
      valid: true,
      packages: [{ trusted: true }, { trusted: true }],
    });
    const path = join(folder, 'assessment.json');
    rmSync(path);
    writeFileSync(path, '{}');
    const result = await verifyAll([folder, ID], options, desk.parts.archive);
    expect(result.valid).toBe(false);
    expect(result.errors.join()).toContain(`${folder}: sums: assessment.json was changed`);
    expect(result.packages.map(({ valid }) => valid)).toEqual([false, true]);
  });
});

describe('parapet attest', () => {
  it('keeps a person’s word in the audit log, for no longer than the framework allows', async () => {
    const now = new Date('2026-11-01T00:00:00.000Z');
    const { log, codec } = ground;
    const [duty] = (describeFrameworks(undefined, 'GDPR')[0]?.requirements ?? []).filter(({ attestedBy }) => attestedBy !== null);
    const given = await attest({ log, codec, org: 'acme' }, 'GDPR', duty?.id as string, { by: 'ann', validDays: 10_000 }, now);
    expect(given).toMatchObject({ framework: 'GDPR', requirement: duty?.id, by: 'ann', at: now.toISOString() });
    expect(Date.parse(given.expiresAt) - now.getTime()).toBeLessThan(10_000 * 86_400_000);
    const [{ partition, end } = { partition: 0, end: 0 }] = await log.ranges(TOPICS.audit.name);
    const [record] = await log.read({ topic: TOPICS.audit.name, partition, offset: end - 1 }, { maxRecords: 1, maxBytes: 1 << 20 });
    expect(codec.decode('audit', record?.value as Buffer)).toMatchObject({
      action: 'compliance.attested',
      actor: 'ann',
      details: { requirement: duty?.id },
    });
  });

  it('is refused where nobody’s word is asked for', async () => {
    const { log, codec } = ground;
    const refused = expect.objectContaining({ code: 'PARAPET_FRAMEWORK_INVALID' });
    await expect(attest({ log, codec, org: 'acme' }, 'GDPR', 'none', { by: 'ann' })).rejects.toEqual(refused);
    await expect(attest({ log, codec, org: 'acme' }, 'NONE', 'none', { by: 'ann' })).rejects.toEqual(refused);
  });
});

describe('parapet frameworks', () => {
  it('says of each how much is judged', () => {
    const described = describeFrameworks(undefined);
    expect(described.map(({ id }) => id)).toEqual(['NIST-AI-RMF', 'ISO-42001', 'SOC2', 'EU-AI-ACT', 'GDPR']);
    expect(renderFrameworks(described)[0]).toMatch(/^NIST-AI-RMF .*72 requirements/);
    expect(renderFrameworks(describeFrameworks(undefined, 'SOC2'))).toHaveLength(62);
  });
});

function name(of: Desk, people: string[], needed = 1): void {
  const { settings } = of.parts.sources;
  const approvers = people.map((each) => ({ name: each, roles: ['compliance_officer'] }));
  of.parts.sources = { ...of.parts.sources, settings: { ...settings, approvers, approvals: { needed, withinDays: 14 } } };
}
