/** A few of each kind of change; `npm run tamper` makes a thousand of them to a real package. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mulberry32 } from '../../core/dice.ts';
import { approve, seal } from './seal.ts';
import { CHANGES, copyOf } from './tampering.ts';
import { checkByShell, draft, ownAuthority, run, temporaryFolder } from './testing.ts';
import { verifyPackage } from './verify.ts';

const EACH = 4;
const place = temporaryFolder();
const at = (name: string) => join(place.folder, name);
const trust = { openssl: run, trustFile: at('authority/root.pem'), timestampTrustFile: at('authority/root.pem') };
let verifyMd: string;

beforeAll(async () => {
  const parts = await ownAuthority(at('authority'));
  for (const [name, count, period] of [
    ['other', 90, '2026-09'],
    ['package', 100, '2026-10'],
  ] as const) {
    const { manifest, sealSha256 } = await seal(at(name), { ...(await draft(at(name), { count, period })), approvalsNeeded: 1 }, parts);
    const approvals = [{ by: 'bob', role: 'compliance_officer', at: '2026-11-02T10:00:00.000Z', comment: period }];
    const approval = { format: 'parapet-approval/1', package: manifest.id, seal: sealSha256, author: 'ann', approvals } as const;
    await approve(at(name), approval, parts.signer);
  }
  verifyMd = readFileSync(at('package/VERIFY.md'), 'utf8');
});
afterAll(() => place.remove());

const bothSay = async (folder: string) => ({
  cli: (await verifyPackage(folder, trust)).valid,
  shell: (await checkByShell(folder, verifyMd, { TRUST: trust.trustFile, TSA_TRUST: trust.timestampTrustFile })).good,
});

describe('a package is no longer whole after', () => {
  it.each(Object.entries(CHANGES))('%s', async (kind, change) => {
    const dice = mulberry32(kind.length);
    let made = 0;
    for (let attempt = 0; made < EACH && attempt < 50; attempt++) {
      const folder = at('changed');
      rmSync(folder, { recursive: true, force: true });
      const paths = await copyOf(at('package'), folder);
      const says = change({ folder, original: at('package'), other: at('other'), paths, dice });
      if (says === undefined) continue;
      made++;
      expect({ says, ...(await bothSay(folder)) }).toEqual({ says, cli: false, shell: false });
    }
    expect(made).toBe(EACH);
    // A change that reached the package itself through a link would make every later one look found.
    expect(await bothSay(at('package'))).toEqual({ cli: true, shell: true });
  });

  it('nothing: a copy is whole', async () => {
    const folder = at('copy');
    await copyOf(at('package'), folder);
    expect(await bothSay(folder)).toEqual({ cli: true, shell: true });
  });
});
