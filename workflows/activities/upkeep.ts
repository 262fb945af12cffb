/** Verification of what was published, the age of keys, erasure and training, over the functions that the commands run. */
import { X509Certificate } from 'node:crypto';
import { type AssemblyParts, type ChainLink, chainOf, verifyArchived } from '../../compliance/assembly/index.ts';
import { toParapetError } from '../../core/errors.ts';
import type { BrokenPackage, DueKey, EraseInput, VerifiedArchive } from '../contract.ts';
import type { Desks } from './desks.ts';
import type { Step } from './step.ts';

/** What the command line does too, given by whoever starts the worker. */
export interface Chores {
  erase(input: EraseInput): Promise<{ outcome: string; pseudonym: string }>;
  /** Throws PARAPET_CANDIDATE_NOT_BETTER, PARAPET_TRAIN_TOO_FEW. */
  train(sample: number): Promise<{ promoted: boolean; says: string }>;
  /** When each API key of the organisation was made, ISO 8601; null where nobody knows. */
  apiKeys(org: string): { id: string; createdAt: string | null }[];
  /** A new key for the signer of evidence when it is older; its fingerprint, or undefined when it is young enough or the operator's own. */
  rotateSigner(parts: AssemblyParts, org: string, olderThanDays: number): Promise<string | undefined>;
  /** A new master key when it is older; its id, or undefined when it is young enough or the operator's own. */
  rotateMaster(parts: AssemblyParts, org: string, olderThanDays: number): Promise<string | undefined>;
}

export type UpkeepActivities = ReturnType<typeof createUpkeepActivities>;

const DAY_MS = 86_400_000;
/** A certificate is asked for so long before it ends, a key so long before it is too old. */
const AHEAD_DAYS = 30;

export function createUpkeepActivities(desks: Desks, step: Step, chores: Chores) {
  const prefixOf = (org: string, framework: string | null) => (id: string) =>
    id.split('/')[2] === org && (framework === null || id.split('/')[1] === framework);

  return {
    listPackages: (org: string, framework: string | null): Promise<string[]> =>
      step(`list ${org} ${framework}`, () =>
        desks.use(org, async ({ archive }) => (await archive.list('report/')).filter(prefixOf(org, framework)).sort()),
      ),

    /** What is wrong with it, as it is in the archive. */
    verifyStored: (id: string): Promise<string[]> =>
      step(`verify ${id}`, () =>
        desks.use(id.split('/')[2] as string, async ({ archive, trust }) => (await verifyArchived(archive, id, trust())).errors),
      ),

    verifyChain: (org: string, framework: string): Promise<BrokenPackage[]> =>
      step(`chain ${org} ${framework}`, () => desks.use(org, (parts) => chainFaults(parts, org, framework))),

    recordVerification: (org: string, { checked, broken }: VerifiedArchive): Promise<void> =>
      step(`record verification ${org}`, () =>
        desks.use(org, ({ record }) => {
          const [first] = broken;
          const action = first === undefined ? 'evidence.verified' : 'evidence.broken';
          const says: Record<string, string> =
            first === undefined ? {} : { broken: broken.map(({ id }) => id).join(', '), error: first.errors.join('; ') };
          return record({ org, actor: 'worker', action, target: `archive/${org}`, details: { checked: String(checked), ...says } });
        }),
      ),

    findDueKeys: (org: string): Promise<DueKey[]> => step(`due keys ${org}`, () => desks.use(org, (parts) => dueKeys(parts, org, chores))),

    /** Gives the new certificate's fingerprint; null when the key stays. */
    rotateSigner: (org: string): Promise<string | null> =>
      step(`rotate signer ${org}`, () =>
        desks.use(org, async (parts) => {
          const fingerprint = await chores.rotateSigner(parts, org, parts.sources.settings.objectives.signerKeyDays);
          if (fingerprint === undefined) return null;
          await parts.record({ org, actor: 'worker', action: 'keys.rotated', target: 'evidence signer', details: { fingerprint } });
          return fingerprint;
        }),
      ),

    /** Gives the new key's id; null when the key stays. */
    rotateMaster: (org: string): Promise<string | null> =>
      step(`rotate master key ${org}`, () =>
        desks.use(org, async (parts) => {
          const id = await chores.rotateMaster(parts, org, parts.sources.settings.objectives.masterKeyDays);
          if (id === undefined) return null;
          await parts.record({ org, actor: 'worker', action: 'keys.rotated', target: 'master key', details: { id } });
          return id;
        }),
      ),

    recordDueKeys: (org: string, due: readonly DueKey[]): Promise<void> =>
      step(`record due keys ${org}`, () =>
        desks.use(org, ({ record }) => {
          const details = Object.fromEntries(due.map(({ what, daysLeft }) => [what, String(daysLeft)]));
          return record({ org, actor: 'worker', action: 'keys.rotation-due', target: `keys/${org}`, details });
        }),
      ),

    eraseSubject: (input: EraseInput): Promise<{ outcome: string; pseudonym: string }> =>
      step(`erase ${input.org}/${input.id}`, () => chores.erase(input)),

    retrainModel: (sample: number): Promise<{ promoted: boolean; says: string }> => step('retrain', () => chores.train(sample)),
  };
}

/** Each published package names the one before it, by its hash, and two never name the same. */
async function chainFaults(parts: AssemblyParts, org: string, framework: string): Promise<BrokenPackage[]> {
  let links: ChainLink[];
  try {
    links = (await chainOf(parts, org, framework)).filter(({ published }) => published);
  } catch (error) {
    const { code, message } = toParapetError(error);
    if (code !== 'PARAPET_CHAIN_BROKEN') throw error;
    return [{ id: `report/${framework}/${org}`, errors: [message] }];
  }
  const faults: BrokenPackage[] = [];
  links.forEach(({ id, previous }, n) => {
    const before = links[n - 1];
    if (previous?.id === before?.id && previous?.manifest === before?.manifest) return;
    const names = previous === null ? 'no package' : `${previous.id} (${previous.manifest})`;
    const stands = before === undefined ? 'no package' : `${before.id} (${before.manifest})`;
    faults.push({ id, errors: [`The package names ${names} as its predecessor; before it stands ${stands}.`] });
  });
  return faults;
}

async function dueKeys(parts: AssemblyParts, org: string, chores: Chores): Promise<DueKey[]> {
  const now = parts.now().getTime();
  const { apiKeyDays, masterKeyDays } = parts.sources.settings.objectives;
  const left = (since: number, days: number) => Math.floor((since + days * DAY_MS - now) / DAY_MS);
  const ages = chores.apiKeys(org).flatMap(({ id, createdAt }): DueKey[] =>
    // How old it is nobody can say: as old as can be.
    [{ what: `API key ${id}`, daysLeft: createdAt === null ? -1 : left(Date.parse(createdAt), apiKeyDays) }],
  );
  const { masterKeyAt } = parts.sources.keys.ages(org);
  const master = masterKeyAt === undefined ? [] : [{ what: 'master key', daysLeft: left(masterKeyAt, masterKeyDays) }];
  const certificates = (await parts.signer()).chain.map((pem): DueKey => {
    const { subject, validTo } = new X509Certificate(pem);
    return { what: `certificate ${subject.split('\n').at(-1)}`, daysLeft: left(Date.parse(validTo), 0) };
  });
  return [...ages, ...master, ...certificates].filter(({ daysLeft }) => daysLeft < AHEAD_DAYS);
}
