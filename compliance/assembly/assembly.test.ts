import { hash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFixtures } from '../../sinks/fixtures.ts';
import { assessedOf, type Ground, openGround } from '../collectors/testing.ts';
import { listFiles } from '../package/files.ts';
import { readManifest } from '../package/manifest.ts';
import { leafHash, rootOf } from '../package/merkle.ts';
import { prove, readChunks } from '../package/tree.ts';
import { verifyPackage } from '../package/verify.ts';
import type { ComplianceSettings } from '../types.ts';
import {
  approveReport,
  assemble,
  chainOf,
  collect,
  expireReport,
  plan,
  publishReport,
  type ReportRequest,
  readAssessment,
  readEvidence,
  rejectedBefore,
  rejectReport,
  workspaceOf,
} from './index.ts';
import { type Desk, openDesk, smallFramework } from './testing.ts';

const fixtures = createFixtures();
const DAY_MICROS = 86_400_000_000;
const START = Date.parse('2026-09-01T00:00:00.000Z') * 1_000;

let ground: Ground;
let desk: Desk;

/** Interaction `n`, every ten minutes, and its leaf. */
const interactionAt = (n: number, startedAt = START + n * 600_000_000) =>
  assessedOf(fixtures, n, { startedAt, endedAt: startedAt + 1_000_000 });

beforeAll(async () => {
  ground = await openGround();
  REQUEST.framework = smallFramework(ground.env.PARAPET_DATA);
  await ground.write(
    'assessed',
    Array.from({ length: 500 }, (_, n) => interactionAt(n)),
  );
});
afterAll(() => ground.close());
beforeEach(() => {
  desk = openDesk(ground);
  return () => desk.remove();
});

const REQUEST: ReportRequest = {
  framework: '',
  org: 'acme',
  period: '2026-09',
  author: 'ann',
  languages: ['en'],
  formats: ['csv', 'oscal-results'],
};
const ID = 'report/SMALL/acme/2026-09';

/** With people who approve. */
function withApprovers(approvers: ComplianceSettings['approvers'], approvals = { needed: 1, withinDays: 14 }): void {
  desk.parts.sources = { ...desk.parts.sources, settings: { ...desk.parts.sources.settings, approvers, approvals } };
}

const refused = (code: string, says = '') => expect.objectContaining({ code, message: expect.stringContaining(says) });

describe('a report', () => {
  it('is a whole package of evidence, judgement, tree and reports', async () => {
    const { workspace, sealed } = await assemble(desk.parts, REQUEST);
    expect(await verifyPackage(workspace.package, { openssl: desk.parts.openssl })).toMatchObject({
      valid: true,
      errors: [],
      manifestSha256: sealed.manifestSha256,
    });
    const assessment = await readAssessment(workspace);
    expect(assessment).toMatchObject({ org: 'acme', period: '2026-09', interactions: { count: 500 } });
    expect(assessment.requirements.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['S.1', 'pass'],
      ['S.2', 'not_applicable'],
      ['S.3', 'gap'],
    ]);
    const paths = await listFiles(workspace.package);
    for (const path of ['reports/en/requirements.csv', 'reports/en/oscal-assessment-results.json', 'merkle/chunks.csv', 'VERIFY.md'])
      expect(paths).toContain(path);
    for (const { collector, sha256 } of assessment.evidence) {
      expect(hash('sha256', readFileSync(join(workspace.package, `evidence/${collector}.csv`)))).toBe(sha256);
    }
  });

  it('proves the interactions that the view holds, by the bytes of the log', async () => {
    const { workspace } = await assemble(desk.parts, REQUEST);
    const leaves = Array.from({ length: 500 }, (_, n) => {
      const { interaction, enrichment } = interactionAt(n);
      return { ...interaction, eventHash: enrichment.eventHash };
    }).sort((a, b) => a.startedAt - b.startedAt || (a.interactionId < b.interactionId ? -1 : 1));
    const root = rootOf(leaves.map(({ interactionId, eventHash }) => leafHash(interactionId, eventHash)));
    expect((await readAssessment(workspace)).interactions).toEqual({ count: 500, root });
    const chunks = readChunks(readFileSync(join(workspace.package, 'merkle/chunks.csv'), 'utf8'));
    const source = desk.parts.leaves({ org: 'acme', window: { from: '2026-09-01T00:00:00.000Z', to: '2026-10-01T00:00:00.000Z' } });
    expect(await prove(source, chunks, leaves[123] as (typeof leaves)[0])).toMatchObject({ index: 123, leaves: 500, root });
  });

  it('goes on from the last finished step when it was interrupted, and has the same bytes but for times', async () => {
    const whole = await assemble(desk.parts, REQUEST);
    const other = openDesk(ground);
    const steps: string[] = [];
    const stop = new Error('killed');
    // Interrupted before every step in turn: each time, the next attempt gets one step further.
    for (let most = 1; ; most++) {
      try {
        let count = 0;
        await assemble(other.parts, REQUEST, (says) => {
          if (++count > most) throw stop;
          if (count === most) steps.push(says);
        });
        break;
      } catch (error) {
        if (error !== stop) throw error;
      }
    }
    expect(steps.at(-1)).toBe('seal');
    const timeless = (folder: string, path: string) =>
      readFileSync(join(folder, path), 'utf8').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T');
    const paths = await listFiles(whole.workspace.package);
    const again = join(other.parts.root, 'work', ID, 'package');
    expect(await listFiles(again)).toEqual(paths);
    for (const path of paths.filter((each) => /^(evidence|merkle|reports|assessment)/.test(each))) {
      expect({ path, text: timeless(again, path) }).toEqual({ path, text: timeless(whole.workspace.package, path) });
    }
    other.remove();
  });

  it('of a window without data passes nothing that data would have to show', async () => {
    const { workspace } = await assemble(desk.parts, { ...REQUEST, period: '2025-01' });
    const assessment = await readAssessment(workspace);
    expect(assessment.interactions.count).toBe(0);
    const logging = assessment.checks.filter(({ check }) => check.startsWith('logging.'));
    expect(logging.length).toBeGreaterThan(0);
    for (const { check, outcome } of logging) expect({ check, passes: outcome === 'pass' }).toEqual({ check, passes: false });
    expect((await verifyPackage(workspace.package, { openssl: desk.parts.openssl })).valid).toBe(true);
  });

  it('of a period that is not over is made only of what there is so far', async () => {
    const period = new Date().toISOString().slice(0, 7);
    await expect(assemble(desk.parts, { ...REQUEST, period })).rejects.toEqual(refused('PARAPET_PERIOD_INVALID', 'is not over'));
    const { plan } = await assemble(desk.parts, { ...REQUEST, period, soFar: true });
    expect(plan.period).toMatch(new RegExp(`^${period}-until-\\d{8}T\\d{6}Z$`));
    expect(Date.parse(plan.window.to)).toBeLessThanOrEqual(Date.now());
  });

  it('says of evidence that could not be collected that it is a gap, and why', async () => {
    const { query } = desk.parts;
    desk.parts.query = (of) => async (sql, parameters) => {
      if (/FROM threats\b/.test(sql)) throw new Error('the store is down');
      return query(of)(sql, parameters);
    };
    const planned = await plan(desk.parts, REQUEST);
    for (const id of ['threats', 'samples']) await collect(desk.parts, planned, id, { backoffMs: 1 });
    const { workspace } = await assemble(desk.parts, REQUEST);
    const threats = (await readAssessment(workspace)).evidence.find(({ collector }) => collector === 'threats');
    expect(threats?.gap?.values['message']).toContain('the store is down');
  }, 30_000);

  it('does not wait for ever for one collector', async () => {
    const { workspace, plan: planned } = await plan(desk.parts, REQUEST);
    desk.parts.query = () => () => new Promise(() => undefined);
    await collect(desk.parts, { workspace, plan: planned }, 'threats', { backoffMs: 1, longestMs: 20 });
    const [threats] = await readEvidence(workspace.package, ['threats']);
    expect(threats?.gap?.values['message']).toContain('no answer within');
  });

  it('is refused for a framework that is not there, or with unknown ids', async () => {
    await expect(assemble(desk.parts, { ...REQUEST, framework: 'NONE' })).rejects.toEqual(refused('PARAPET_FRAMEWORK_INVALID'));
    writeFileSync(join(desk.folder, 'own.json'), '{"id": "OWN"}');
    await expect(assemble(desk.parts, { ...REQUEST, framework: join(desk.folder, 'own.json') })).rejects.toEqual(
      refused('PARAPET_FRAMEWORK_INVALID'),
    );
  });

  it('is not sealed when the rows of its evidence were changed meanwhile', async () => {
    const stop = new Error('stop');
    const stopped = assemble(desk.parts, REQUEST, (says) => {
      if (says === 'judge') throw stop;
    });
    await expect(stopped).rejects.toBe(stop);
    const file = join(desk.parts.root, 'work', ID, 'package/evidence/interactions.csv');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/\d+$/m, '7'));
    await expect(assemble(desk.parts, REQUEST)).rejects.toEqual(refused('PARAPET_PACKAGE_INVALID'));
  });
});

describe('a clock that is wrong', () => {
  it('makes no package: its timestamp says another time', async () => {
    const hours = (n: number) => () => new Date(Date.now() + n * 3_600_000);
    for (const [n, says] of [
      [2, 'before the package was made'],
      [-2, 'long after the package says that it was made'],
    ] as const) {
      desk.parts.now = hours(n);
      await expect(assemble(desk.parts, REQUEST)).rejects.toEqual(refused('PARAPET_PACKAGE_INVALID', says));
      expect(await chainOf(desk.parts, 'acme', 'SMALL')).toEqual([]);
    }
    desk.parts.now = hours(0);
    await assemble(desk.parts, REQUEST);
    expect(await chainOf(desk.parts, 'acme', 'SMALL')).toHaveLength(1);
  });
});

describe('a chain of reports', () => {
  it('has each month behind the one before it', async () => {
    const months = ['2026-07', '2026-08', '2026-09'];
    for (const period of months) {
      const { plan } = await assemble(desk.parts, { ...REQUEST, period });
      await publishReport(desk.parts, plan.id);
    }
    const chain = await chainOf(desk.parts, 'acme', 'SMALL');
    expect(chain.map(({ id, published }) => [id, published])).toEqual(months.map((period) => [`report/SMALL/acme/${period}`, true]));
    expect(chain.map(({ previous }) => previous?.manifest ?? null)).toEqual([null, chain[0]?.manifest, chain[1]?.manifest]);
    expect(await chainOf(desk.parts, 'other', 'SMALL')).toEqual([]);
  });

  it('tells what came late, and an addendum has it', async () => {
    await assemble(desk.parts, REQUEST);
    await ground.write('assessed', [interactionAt(900, START + 3 * DAY_MICROS)]);
    const added = await assemble(desk.parts, { ...REQUEST, addendum: true });
    expect(added.plan).toMatchObject({ id: `${ID}.addendum-1`, addendumTo: { id: ID } });
    const next = { ...REQUEST, period: '2026-10' };
    const october = await assemble(desk.parts, next);
    // The addendum counted it, so nothing is late behind it.
    expect(october.plan.late).toBeNull();
    expect(october.sealed.manifest.previous?.id).toBe(`${ID}.addendum-1`);

    const other = openDesk(ground);
    await assemble(other.parts, REQUEST);
    await ground.write('assessed', [interactionAt(901, START + 4 * DAY_MICROS)]);
    const { plan: planned } = await plan(other.parts, next);
    expect(planned.late).toEqual({ of: ID, interactions: 1 });
    await assemble(other.parts, { ...REQUEST, addendum: true });
    const { workspace } = await assemble(other.parts, next);
    expect(readManifest(readFileSync(join(workspace.package, 'manifest.json'), 'utf8')).late).toEqual({
      of: ID,
      interactions: 1,
      addendum: `${ID}.addendum-1`,
    });
    other.remove();
  });

  describe('in an archive to which others can write', () => {
    const october = (parts = desk.parts) => assemble(parts, { ...REQUEST, period: '2026-10' });
    const disregard = (...manifests: string[]) => {
      desk.parts.sources = { ...desk.parts.sources, settings: { ...desk.parts.sources.settings, disregard: manifests } };
    };
    /** A package that somebody else signed, put where this organisation keeps its own. */
    async function plant(period: string): Promise<string> {
      const stranger = openDesk(ground);
      const { workspace, sealed } = await assemble(stranger.parts, { ...REQUEST, period });
      cpSync(workspace.package, join(desk.folder, 'archive', workspace.id), { recursive: true });
      stranger.remove();
      return sealed.manifestSha256;
    }

    it('does not follow one that is not signed by who signs here, and goes on when it is disregarded', async () => {
      await assemble(desk.parts, REQUEST);
      await publishReport(desk.parts, ID);
      const forged = await plant('2026-08');
      await expect(october()).rejects.toEqual(refused('PARAPET_CHAIN_BROKEN', 'report/SMALL/acme/2026-08, does not hold'));
      disregard(forged);
      expect((await october()).sealed.manifest.previous?.id).toBe(ID);
    });

    it('takes no notice of one that stands behind the newest', async () => {
      await plant('2026-08');
      await expect(assemble(desk.parts, REQUEST)).rejects.toEqual(refused('PARAPET_CHAIN_BROKEN'));
      const archive = desk.parts.archive;
      desk.parts.archive = { ...archive, list: async (prefix) => (await archive.list(prefix)).filter((id) => !id.endsWith('2026-08')) };
      await assemble(desk.parts, REQUEST);
      await publishReport(desk.parts, ID);
      desk.parts.archive = archive;
      expect((await chainOf(desk.parts, 'acme', 'SMALL')).map(({ id }) => id)).toEqual(['report/SMALL/acme/2026-08', ID]);
      expect((await october()).sealed.manifest.previous?.id).toBe(ID);
    });

    it('does not follow one of its own that was changed there, nor what is no package', async () => {
      await assemble(desk.parts, REQUEST);
      await publishReport(desk.parts, ID);
      const at = (path: string) => join(desk.folder, 'archive', ID, path);
      const csv = readFileSync(at('reports/en/requirements.csv'));
      chmodSync(at('reports/en/requirements.csv'), 0o644);
      writeFileSync(at('reports/en/requirements.csv'), 'all good\n');
      await expect(october()).rejects.toEqual(refused('PARAPET_CHAIN_BROKEN', 'requirements.csv was changed'));
      writeFileSync(at('reports/en/requirements.csv'), csv);
      const nothing = join(desk.folder, 'archive/report/SMALL/acme/2026-11');
      mkdirSync(nothing, { recursive: true });
      for (const name of ['manifest.json', 'SEAL.sig']) writeFileSync(join(nothing, name), '{}');
      await expect(october()).rejects.toEqual(refused('PARAPET_CHAIN_BROKEN', 'kept as report/SMALL/acme/2026-11'));
      disregard(hash('sha256', '{}'));
      expect((await october()).sealed.manifest.previous?.id).toBe(ID);
    });

    it('follows nothing where nobody says who signs', async () => {
      await assemble(desk.parts, REQUEST);
      await publishReport(desk.parts, ID);
      desk.parts.trust = () => ({ openssl: desk.parts.openssl });
      await expect(october()).rejects.toEqual(refused('PARAPET_CHAIN_BROKEN', 'nobody says here by whom'));
    });

    it('publishes one of two that were made at once; the other is made anew behind it', async () => {
      await assemble(desk.parts, REQUEST);
      await publishReport(desk.parts, ID);
      const { archive, signer, timestamps, trust } = desk.parts;
      const other = openDesk(ground, { archive, signer, timestamps, trust });
      const ours = await october();
      const theirs = await assemble(other.parts, { ...REQUEST, period: '2026-08' });
      await publishReport(other.parts, theirs.plan.id);
      await expect(publishReport(desk.parts, ours.plan.id)).rejects.toEqual(
        refused('PARAPET_CHAIN_BROKEN', 'report/SMALL/acme/2026-08 was published meanwhile'),
      );
      await expireReport(desk.parts, ours.plan.id);
      expect((await october()).sealed.manifest.previous?.id).toBe(theirs.plan.id);
      await publishReport(desk.parts, ours.plan.id);
      other.remove();
    });
  });

  it('refuses an addendum to nothing', async () => {
    await expect(assemble(desk.parts, { ...REQUEST, addendum: true })).rejects.toEqual(refused('PARAPET_PERIOD_INVALID', 'no package'));
  });
});

describe('approval', () => {
  const people: ComplianceSettings['approvers'] = [
    { name: 'ann', roles: ['ciso'] },
    { name: 'bob', roles: ['compliance_officer'] },
    { name: 'eve', roles: ['auditor'], revokedAt: '2026-10-01T00:00:00Z' },
  ];
  const by = (name: string) => ({ by: name, comment: 'seen' });

  it('by somebody else than the author lets it be published, once', async () => {
    withApprovers(people);
    const { workspace } = await assemble(desk.parts, REQUEST);
    await expect(publishReport(desk.parts, ID)).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', '0 of 1'));
    await expect(approveReport(desk.parts, ID, by('ann'))).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', 'somebody else'));
    await expect(approveReport(desk.parts, ID, by('eve'))).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', 'may not approve since'));
    await expect(approveReport(desk.parts, ID, by('mallory'))).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', 'not among'));
    await approveReport(desk.parts, ID, by('bob'));
    expect(await approveReport(desk.parts, ID, by('bob'))).toHaveLength(1);
    const published = await publishReport(desk.parts, ID);
    expect(await publishReport(desk.parts, ID)).toEqual(published);
    expect(await verifyPackage(workspace.package, { openssl: desk.parts.openssl })).toMatchObject({ valid: true, approvedBy: ['bob'] });
    expect(await desk.parts.archive.list('report/')).toEqual([ID]);
    const archived = await desk.parts.archive.files(ID);
    expect(archived).toEqual(await listFiles(workspace.package));
  });

  it('is void when whoever gave it was revoked before it was published', async () => {
    withApprovers(people);
    await assemble(desk.parts, REQUEST);
    await approveReport(desk.parts, ID, by('bob'));
    withApprovers(people.map((person) => (person.name === 'bob' ? { ...person, revokedAt: new Date().toISOString() } : person)));
    await expect(publishReport(desk.parts, ID)).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', '0 of 1'));
  });

  it('is needed as often as the package says, whatever the settings say later', async () => {
    withApprovers(people);
    await assemble(desk.parts, REQUEST);
    withApprovers([]);
    await expect(publishReport(desk.parts, ID)).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', '0 of 1'));
  });

  it('comes too late after its time', async () => {
    withApprovers(people, { needed: 1, withinDays: 14 });
    await assemble(desk.parts, REQUEST);
    desk.parts.now = () => new Date(Date.now() + (15 * DAY_MICROS) / 1_000);
    await expect(approveReport(desk.parts, ID, by('bob'))).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', 'older than 14 days'));
    // It may still be rejected, or expire, and be made anew.
    expect(await rejectReport(desk.parts, ID, by('bob'))).toEqual([]);
    expect(await expireReport(desk.parts, ID)).toEqual([]);
    desk.parts.now = () => new Date();
    await assemble(desk.parts, REQUEST);
    await expireReport(desk.parts, ID);
    expect(await chainOf(desk.parts, 'acme', 'SMALL')).toEqual([]);
  });

  it('is not given to a package that was changed', async () => {
    withApprovers(people);
    const { workspace } = await assemble(desk.parts, REQUEST);
    writeFileSync(join(workspace.package, 'reports/en/requirements.csv'), 'all good\n');
    await expect(approveReport(desk.parts, ID, by('bob'))).rejects.toEqual(
      refused('PARAPET_PACKAGE_INVALID', 'requirements.csv was changed'),
    );
  });

  it('refused takes the package and those behind it out of the chain', async () => {
    withApprovers(people);
    await assemble(desk.parts, { ...REQUEST, period: '2026-08' });
    const september = await assemble(desk.parts, REQUEST);
    await expect(publishReport(desk.parts, ID)).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED'));
    await approveReport(desk.parts, ID, by('bob'));
    await expect(publishReport(desk.parts, ID)).rejects.toEqual(refused('PARAPET_CHAIN_BROKEN', 'not published'));
    const first = 'report/SMALL/acme/2026-08';
    expect(await rejectedBefore(desk.parts, first)).toBeUndefined();
    // Killed behind the note, with the follower's seal gone already.
    const rejected = workspaceOf(desk.parts.root, first);
    const { folder } = workspaceOf(desk.parts.root, ID);
    await rejected.write('rejection', { by: 'bob', comment: 'seen', at: new Date().toISOString(), followers: [ID] });
    for (const step of ['sealed', 'approvals']) rmSync(join(folder, `${step}.json`));
    expect(await rejectReport(desk.parts, first, by('bob'))).toEqual([ID]);
    expect(await rejectedBefore(desk.parts, first)).toEqual([ID]);
    expect(await chainOf(desk.parts, 'acme', 'SMALL')).toEqual([]);
    // Sealed anew, it is the first, and has to be approved again.
    const again = await assemble(desk.parts, REQUEST);
    expect(again.sealed.manifest.previous).toBeNull();
    expect(again.sealed.manifestSha256).not.toBe(september.sealed.manifestSha256);
    await expect(publishReport(desk.parts, ID)).rejects.toEqual(refused('PARAPET_APPROVAL_REFUSED', '0 of 1'));
  });
});

describe('publication', () => {
  it('never replaces what was published', async () => {
    await assemble(desk.parts, REQUEST);
    await publishReport(desk.parts, ID);
    rmSync(join(desk.parts.root, 'work'), { recursive: true });
    await expect(assemble(desk.parts, REQUEST)).rejects.toEqual(refused('PARAPET_PACKAGE_EXISTS'));
    const other = openDesk(ground, { archive: desk.parts.archive });
    await expect(assemble(other.parts, REQUEST)).rejects.toEqual(refused('PARAPET_PACKAGE_EXISTS'));
    other.remove();
  });

  it('goes on where it was killed', async () => {
    const { workspace } = await assemble(desk.parts, REQUEST);
    await publishReport(desk.parts, ID);
    rmSync(join(workspace.folder, 'publication.json'));
    for (const path of ['SEAL.sig', 'VERIFY.md']) rmSync(join(desk.folder, 'archive', ID, path));
    expect(await desk.parts.archive.list('report/')).toEqual([]);
    await publishReport(desk.parts, ID);
    expect(await desk.parts.archive.files(ID)).toEqual(await listFiles(workspace.package));
    expect(existsSync(join(workspace.folder, 'publication.json'))).toBe(true);
  });

  it('gives no file out of the archive that no package has', async () => {
    await assemble(desk.parts, REQUEST);
    await publishReport(desk.parts, ID);
    writeFileSync(join(desk.folder, 'archive', ID, 'a b'), '');
    await expect(desk.parts.archive.files(ID)).rejects.toEqual(refused('PARAPET_PACKAGE_INVALID', '"a b", which no package has'));
  });

  it('goes on with the same approval, wherever it was killed', async () => {
    withApprovers([{ name: 'bob', roles: ['compliance_officer'] }]);
    const { workspace } = await assemble(desk.parts, REQUEST);
    await approveReport(desk.parts, ID, { by: 'bob', comment: 'seen' });
    // Between the signature of the approval and the approval itself.
    writeFileSync(join(workspace.package, 'APPROVAL.sig'), 'half');
    await publishReport(desk.parts, ID);
    const signature = readFileSync(join(workspace.package, 'APPROVAL.sig'));
    // Between the archive and the note that it was published; ECDSA would sign the same approval otherwise. Nor does it matter
    // any more that who approved it was revoked meanwhile.
    rmSync(join(workspace.folder, 'publication.json'));
    rmSync(join(desk.folder, 'archive', ID, 'SEAL.sig'));
    withApprovers([{ name: 'bob', roles: ['compliance_officer'], revokedAt: new Date().toISOString() }]);
    await publishReport(desk.parts, ID);
    expect(readFileSync(join(desk.folder, 'archive', ID, 'APPROVAL.sig')).equals(signature)).toBe(true);
    expect(await verifyPackage(join(desk.folder, 'archive', ID), { openssl: desk.parts.openssl })).toMatchObject({
      valid: true,
      approvedBy: ['bob'],
    });
  });
});
