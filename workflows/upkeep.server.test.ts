import { randomUUID, X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidencePaths } from '../cli/evidence.ts';
import { openCodec, openKeys, openLog } from '../cli/stores.ts';
import type { Runs } from '../cli/worker.ts';
import { dataPaths } from '../core/environment.ts';
import { createApiKeysFile } from '../gateway/api-keys.ts';
import type { KeyStore } from '../keys/port.ts';
import { followControls } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import { findQuarantine } from '../log/quarantine.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Incident } from '../schemas/types.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { openTemporal, startReport, type Temporal } from './client.ts';
import { CLOSE, type Decision, type DueKey, type IncidentStatus, TRIAGE, type VerifiedArchive } from './contract.ts';
import { incidentWorkflow } from './incidents.ts';
import { auditOf, FRAMEWORK, type House, keepHistory, noServer, openHouse, REQUEST, startHouseWorker } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

const org = `org-${randomUUID().slice(0, 8)}`;
let house: House;
let keys: KeyStore;
let log: EventLog;
let codec: Codec;
let temporal: Temporal;
let worker: Runs;

beforeAll(async () => {
  house = await openHouse(`test-${randomUUID()}`, {
    PARAPET_TRIAGE_MINUTES: '0.02',
    PARAPET_TRIAGE_CONTAIN: 'true',
    PARAPET_QUARANTINE_MINUTES: '60',
  });
  [log, codec, keys] = [await openLog(house.env), await openCodec(house.env), openKeys(house.env)];
  temporal = await openTemporal(house.env, keys);
  worker = await startHouseWorker(house, await bundleWorkflows());
});
afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  await keys?.close();
  await log?.close();
  house?.remove();
});

const audit = async (action: string) => (await auditOf(house.env)).filter((event) => event.action === action && event.org === org);

/** Its result, and its history where histories are recorded. */
async function execute<T>(type: string, input: unknown, name: string): Promise<T> {
  const workflowId = `${type}/${randomUUID()}`;
  const result = await temporal.client.workflow.execute(type, { workflowId, taskQueue: temporal.taskQueue, args: [input] });
  await keepHistory(temporal, workflowId, name);
  return result as T;
}

describe.skipIf(noServer)('the archive', () => {
  it('is verified, and one changed byte in it is told', async () => {
    const ids: string[] = [];
    for (const period of ['2026-08', '2026-09']) {
      const id = `report/${FRAMEWORK}/${org}/${period}`;
      ids.push(id);
      await (await startReport(temporal, id, { request: { ...REQUEST, org, period } })).result();
    }
    const verify = () => execute<VerifiedArchive>('verifyArchive', { org }, 'verify-archive');
    expect(await verify()).toEqual({ checked: 2, broken: [] });
    expect(await audit('evidence.verified')).toMatchObject([{ details: { checked: '2' } }]);

    const path = join(dataPaths(house.env).evidence, 'archive', ids[0] as string, 'assessment.json');
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    chmodSync(path, 0o600);
    writeFileSync(path, bytes);
    expect(await verify()).toMatchObject({ checked: 2, broken: [{ id: ids[0], errors: [expect.stringContaining('assessment.json')] }] });
    expect(await audit('evidence.broken')).toMatchObject([{ details: { broken: ids[0] } }]);
  });
});

describe.skipIf(noServer)('keys', () => {
  it('that are due are told by name', async () => {
    createApiKeysFile(dataPaths(house.env).apiKeys, org);
    const file = JSON.parse(readFileSync(dataPaths(house.env).apiKeys, 'utf8'));
    file.keys[0].createdAt = '2020-01-01T00:00:00.000Z';
    writeFileSync(dataPaths(house.env).apiKeys, JSON.stringify(file));
    const due = await execute<DueKey[]>('rotateKeys', { org }, 'rotate-keys');
    expect(due).toMatchObject([{ what: `API key ${file.keys[0].id}` }]);
    expect((due[0] as DueKey).daysLeft).toBeLessThan(-1_000);
    expect(await audit('keys.rotation-due')).toHaveLength(1);
    // The signer's key was made with the test.
    expect(await audit('keys.rotated')).toEqual([]);
    writeFileSync(house.env.PARAPET_COMPLIANCE_FILE as string, JSON.stringify({ objectives: { signerKeyDays: 1e-9 } }));
    await execute<DueKey[]>('rotateKeys', { org }, 'rotate-keys-signer');
    const certificate = readFileSync(join(evidencePaths(house.env).authority, 'signer.pem'));
    expect(await audit('keys.rotated')).toMatchObject([{ details: { fingerprint: new X509Certificate(certificate).fingerprint256 } }]);
    const before = keys.current(`${org}/lea`);
    const purpose = keys.purposeKey('a purpose');
    writeFileSync(house.env.PARAPET_COMPLIANCE_FILE as string, JSON.stringify({ objectives: { masterKeyDays: 1e-9 } }));
    const masterFile = () => readFileSync(join(dataPaths(house.env).keys, 'master.key'), 'utf8');
    const master = masterFile();
    await execute<DueKey[]>('rotateKeys', { org }, 'rotate-keys-master');
    house.approvers([]);
    expect(masterFile()).not.toBe(master);
    expect((await audit('keys.rotated')).map(({ target }) => target)).toEqual(['evidence signer', 'master key']);
    const again = openKeys(house.env);
    expect(again.byId(before.id).key.equals(before.key)).toBe(true);
    expect(again.purposeKey('a purpose').equals(purpose)).toBe(true);
    await again.close();
  });
});

describe.skipIf(noServer)('a subject', () => {
  it('is erased by a workflow as by the command', async () => {
    keys.current(`${org}/kim`);
    const erased = await execute('eraseSubject', { org, id: 'kim', reason: 'asked for it' }, 'erase-subject');
    expect(erased).toMatchObject({ outcome: 'erased' });
    expect(keys.count(`${org}/kim`)).toBe(0);
    expect(await audit('subject.erased')).toMatchObject([{ details: { reason: 'asked for it', keys: '1' } }]);
  });
});

describe.skipIf(noServer)('training', () => {
  it('with too few verdicts changes nothing, and that is its answer', async () => {
    const trained = await execute('retrainModel', { sample: 10 }, 'retrain-model');
    expect(trained).toEqual({ promoted: false, says: expect.stringContaining('verdicts') });
  });
});

describe.skipIf(noServer)('an incident', () => {
  const fixtures = createFixtures();
  const incidentOf = (n: number, over: Partial<Incident>): Incident => ({
    ...fixtures.incident(n),
    incidentId: randomUUID(),
    org,
    agentId: `agent-${n}`,
    status: 'open',
    firstSeenAt: Date.now() * 1_000,
    lastSeenAt: Date.now() * 1_000,
    containment: null,
    ...over,
  });
  const write = (incident: Incident) =>
    log.append([
      {
        topic: TOPICS.incidents.name,
        key: `${org}/${incident.agentId}`,
        timestamp: Date.now(),
        headers: {},
        value: codec.encode('incidents', incident),
      },
    ]);
  const handleOf = ({ incidentId }: Incident) => temporal.client.workflow.getHandle(incidentWorkflow(org, incidentId));
  const say = (incident: Incident, what: string, by: string, comment = '') =>
    handleOf(incident).executeUpdate<IncidentStatus, [Decision]>(what, { args: [{ by, comment }] });
  const begun = (incident: Incident) =>
    expect
      .poll(
        () =>
          handleOf(incident)
            .query<IncidentStatus>('status')
            .then(
              () => true,
              () => false,
            ),
        { timeout: 20_000 },
      )
      .toBe(true);

  it('that is critical and that nobody looks at has its agent quarantined', async () => {
    const incident = incidentOf(1, { severity: 'critical' });
    await write(incident);
    await begun(incident);
    await expect
      .poll(async () => (await handleOf(incident).query<IncidentStatus>('status')).containedAt, { timeout: 20_000 })
      .not.toBeNull();
    const controls = await followControls(log, codec);
    expect(findQuarantine(controls, org, incident.agentId)).toMatchObject({ incidentId: incident.incidentId });
    await controls.close();
    await say(incident, TRIAGE, 'bob');
    await say(incident, CLOSE, 'bob', 'a test of ours');
    await handleOf(incident).result();
    await keepHistory(temporal, incidentWorkflow(org, incident.incidentId), 'incident-contained');
    const [review] = (await audit('incident.reviewed')).filter(({ target }) => target === incident.incidentId);
    expect(review?.details).toMatchObject({ triagedBy: 'bob', closedBy: 'bob', summary: 'a test of ours', severity: 'critical' });
    expect(review?.details['containedAt']).not.toBe('');
  });

  it('that somebody looks at in time calls nobody else, and is looked at once', async () => {
    const incident = incidentOf(2, { severity: 'low' });
    await write(incident);
    await begun(incident);
    await say(incident, TRIAGE, 'bob');
    await expect(say(incident, TRIAGE, 'cid')).rejects.toMatchObject({ cause: { message: expect.stringContaining('bob looks at it') } });
    await write({ ...incident, severity: 'high', threats: 4 });
    await expect.poll(async () => (await handleOf(incident).query<IncidentStatus>('status')).severity, { timeout: 20_000 }).toBe('high');
    await say(incident, CLOSE, 'cid', 'done');
    expect(await handleOf(incident).result()).toMatchObject({ triagedBy: 'bob', closedBy: 'cid', containedAt: null });
    expect((await audit('incident.waiting')).filter(({ target }) => target === incident.incidentId)).toEqual([]);
  });
});
