/** What is done now and then, or for one person: each is one or a few activities that may be run again. */
import { continueAsNew, patched, workflowInfo } from '@temporalio/workflow';
import type { DueKey, EraseInput, VerifiedArchive, VerifyInput } from '../contract.ts';
import { upkeep } from './proxies.ts';

/** Every published package, then the chains that they make. Goes on in a new run before its history grows too long. */
export async function verifyArchive(input: VerifyInput): Promise<VerifiedArchive> {
  const { org } = input;
  let { after, checked, broken } = input.progress ?? { after: '', checked: 0, broken: [] };
  const ids = await upkeep.listPackages(org, input.framework ?? null);
  for (const id of ids.filter((each) => each > after)) {
    const errors = await upkeep.verifyStored(id);
    checked += 1;
    if (errors.length > 0) broken = [...broken, { id, errors }];
    after = id;
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof verifyArchive>({ ...input, progress: { after, checked, broken } });
  }
  for (const framework of new Set(ids.map((id) => id.split('/')[1] as string))) {
    broken = [...broken, ...(await upkeep.verifyChain(org, framework))];
  }
  const result = { checked, broken };
  await upkeep.recordVerification(org, result);
  return result;
}

/**
 * Gives the signer of evidence and the key store new keys when they are due, and says which others are. A person changes those: who holds a
 * key has to be given the new one.
 */
export async function rotateKeys({ org }: { org: string }): Promise<DueKey[]> {
  // Runs that began before these were changed here go on without.
  if (patched('rotate-signer')) await upkeep.rotateSigner(org);
  if (patched('rotate-master')) await upkeep.rotateMaster(org);
  const due = await upkeep.findDueKeys(org);
  if (due.length > 0) await upkeep.recordDueKeys(org, due);
  return due;
}

/** Begins again until every store has answered. */
export async function eraseSubject(input: EraseInput): Promise<{ outcome: string; pseudonym: string }> {
  return upkeep.eraseSubject(input);
}

/** Publishes the candidate only when it is better than the model that holds. */
export async function retrainModel({ sample }: { sample: number }): Promise<{ promoted: boolean; says: string }> {
  return upkeep.retrainModel(sample);
}
