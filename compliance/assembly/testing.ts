/** What reports stand on, over a Parapet of the test's own: real log, keys and ClickHouse, a folder for an archive, openssl. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEvidenceSigner } from '../../keys/evidence.ts';
import { openssl } from '../../keys/openssl.ts';
import { auditRecord } from '../../log/audit.ts';
import { queryOver } from '../collectors/query.ts';
import type { Ground } from '../collectors/testing.ts';
import { leavesOf } from '../package/leaves.ts';
import { localAuthority } from '../package/timestamp.ts';
import { folderArchive } from './archive.ts';
import type { AssemblyParts } from './parts.ts';

export interface Desk {
  parts: AssemblyParts;
  folder: string;
  remove(): void;
}

export function openDesk(ground: Ground, over: Partial<AssemblyParts> = {}): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-desk-'));
  const run = openssl('openssl');
  const authority = join(folder, 'authority');
  const parts: AssemblyParts = {
    root: join(folder, 'evidence'),
    version: '0.1.0',
    sources: ground.context(),
    query: (of) => queryOver(ground.store, of),
    leaves: (range) => leavesOf(ground.store, range),
    positions: async () => null,
    archive: folderArchive(join(folder, 'archive')),
    signer: () => openEvidenceSigner({ folder: authority, org: 'acme', openssl: run }),
    timestamps: localAuthority({ folder: authority, org: 'acme', openssl: run }),
    openssl: run,
    trust: () => ({ openssl: run, trustFile: join(authority, 'root.pem'), timestampTrustFile: join(authority, 'root.pem') }),
    record: async (facts) => {
      await ground.log.append([auditRecord(ground.codec, facts)]);
    },
    now: () => new Date(),
    ...over,
  };
  return { parts, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A framework that asks for little, so that a test of the way of a report is not one of every collector. */
export function smallFramework(folder: string): string {
  const path = join(folder, 'small.json');
  const requirement = (id: string, more: object) => ({
    id,
    section: 'all',
    title: `Requirement ${id}`,
    text: `What ${id} asks for.`,
    ...more,
  });
  const framework = {
    id: 'SMALL',
    version: '1',
    revision: 1,
    title: 'A small framework',
    publisher: 'a test',
    source: 'a test',
    sections: [{ id: 'all', title: 'All of it' }],
    requirements: [
      requirement('S.1', { checks: ['logging.active'] }),
      requirement('S.2', { checks: ['threats.recorded'] }),
      requirement('S.3', { checks: [], attestation: { statement: 'I say so.', role: 'ciso', validDays: 365 } }),
    ],
  };
  writeFileSync(path, JSON.stringify(framework));
  return path;
}
