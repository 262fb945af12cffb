/** Evidence about people: it stands in packages sealed, so that erasing somebody erases it there, and the package stays what was sealed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openText } from '../../keys/seal-text.ts';
import type { EvidenceCollector } from '../collectors/context.ts';
import { COLLECTORS } from '../collectors/index.ts';
import { type Ground, openGround } from '../collectors/testing.ts';
import { words } from '../localized.ts';
import { readCsv } from '../package/files.ts';
import { checkByShell } from '../package/testing.ts';
import { verifyPackage } from '../package/verify.ts';
import { assess, collect, makeTree, placeOf, plan, readEvidence, render, sealReport } from './index.ts';
import { type Desk, openDesk } from './testing.ts';

const PEOPLE = { 'acme/ann': 'Ann Example asked why', 'acme/bob': 'Bob said that he was not told' };

/** No collector that Parapet comes with writes about people by name; an operator's own may. */
const people: EvidenceCollector = {
  id: 'people',
  version: 1,
  title: words('People', 'Personen', 'Personnes', 'Personas'),
  source: 'stores',
  validDays: 31,
  columns: [
    { name: 'number', kind: 'integer', title: words('Number', 'Nummer', 'Numéro', 'Número') },
    { name: 'said', kind: 'personal', title: words('Said', 'Gesagt', 'Dit', 'Dicho') },
  ],
  collect: async () => ({
    query: 'none',
    parameters: {},
    rows: Object.entries(PEOPLE).map(([subject, text], number) => ({ number, said: { subject, text } })),
  }),
};

let ground: Ground;
let desk: Desk;
beforeAll(async () => {
  ground = await openGround();
  desk = openDesk(ground);
  (COLLECTORS as EvidenceCollector[]).push(people);
});
afterAll(async () => {
  (COLLECTORS as EvidenceCollector[]).pop();
  desk.remove();
  await ground.close();
});

describe('personal data in a package', () => {
  it('can be erased: it opens no more, and the package is still what was sealed', async () => {
    const request = {
      framework: 'GDPR',
      org: 'acme',
      period: '2026-09',
      author: 'ann',
      languages: ['en'],
      formats: ['html', 'csv'],
    } as const;
    const made = await plan(desk.parts, request);
    const report = { workspace: made.workspace, plan: { ...made.plan, collectors: [...made.plan.collectors, people.id] } };
    for (const id of report.plan.collectors) await collect(desk.parts, report, id);
    await makeTree(desk.parts, report);
    await assess(desk.parts, report);
    for (const format of request.formats) await render(report, format, 'en');
    await sealReport(desk.parts, report);
    const folder = report.workspace.package;
    const root = join(desk.folder, 'authority/root.pem');
    const whole = async () => ({
      cli: (await verifyPackage(folder, { openssl: desk.parts.openssl, trustFile: root, timestampTrustFile: root })).valid,
      shell: (await checkByShell(folder, readFileSync(join(folder, 'VERIFY.md'), 'utf8'), { TRUST: root, TSA_TRUST: root })).good,
    });
    expect(await whole()).toEqual({ cli: true, shell: true });

    const csv = readFileSync(join(folder, 'evidence/people.csv'), 'utf8');
    const cells = readCsv(csv, people.columns, 'people.csv').map(({ said }) => String(said));
    const [ofAnn, ofBob] = cells as [string, string];
    const place = placeOf(made.plan.id, people.id, 'said');
    expect(openText(ground.keys, place, ofAnn)).toBe(PEOPLE['acme/ann']);
    expect(openText(ground.keys, place, ofBob)).toBe(PEOPLE['acme/bob']);
    for (const path of [
      'evidence/people.csv',
      'evidence/people.json',
      'assessment.json',
      'reports/en/report.html',
      'reports/en/requirements.csv',
    ]) {
      for (const text of Object.values(PEOPLE)) expect(readFileSync(join(folder, path), 'utf8')).not.toContain(text);
    }

    await ground.keys.destroy('acme/ann');
    expect(() => openText(ground.keys, place, ofAnn)).toThrow(expect.objectContaining({ code: 'PARAPET_KEY_UNAVAILABLE' }));
    expect(openText(ground.keys, place, ofBob)).toBe(PEOPLE['acme/bob']);
    expect(await whole()).toEqual({ cli: true, shell: true });
    expect((await readEvidence(folder, [people.id]))[0]?.rows).toHaveLength(2);
  });
});
