/**
 * Static API keys. The file holds SHA-256 hashes only: a key is 256 random bits, so a fast hash is enough and a lookup
 * is one hash and one map access. The clear key is shown once, when it is made.
 */
import { hash, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { ParapetError } from '../core/errors.ts';
import { organisation } from '../core/settings/kinds.ts';

const fileSchema = z.strictObject({
  keys: z.array(
    z.strictObject({
      id: z.string().min(1),
      /** SHA-256 of the key, hex. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      org: organisation(),
      agentId: z.string().min(1),
      /** May this key name another agent in the request (`agent_id`, `x-parapet-agent`)? */
      mayNameAgent: z.boolean().default(false),
      /** Of keys that were made before this was noted nobody can say how old they are. */
      createdAt: z.iso.datetime().optional(),
    }),
  ),
});

export interface Caller {
  keyId: string;
  org: string;
  agentId: string;
  mayNameAgent: boolean;
}

export interface ApiKeys {
  /** The caller of a key, or undefined. */
  find(key: string): Caller | undefined;
}

/** Throws PARAPET_CONFIG_INVALID when the file is missing or malformed. */
export function loadApiKeys(path: string): ApiKeys {
  const byHash = new Map<string, Caller>();
  for (const { id, sha256: digest, org, agentId, mayNameAgent } of readKeys(path)) {
    byHash.set(digest, { keyId: id, org, agentId, mayNameAgent });
  }
  return { find: (key) => byHash.get(sha256(key)) };
}

function readKeys(path: string): z.infer<typeof fileSchema>['keys'] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).keys;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `The API keys file ${path} cannot be used: ${reason}`, cause });
  }
}

export interface KeyFacts extends Caller {
  /** ISO 8601; null where the file does not say. */
  createdAt: string | null;
}

/** What the file says of its keys, without their hashes. Throws PARAPET_CONFIG_INVALID as `loadApiKeys`. */
export function describeApiKeys(path: string): KeyFacts[] {
  return readKeys(path).map(({ id, org, agentId, mayNameAgent, createdAt = null }) => ({
    keyId: id,
    org,
    agentId,
    mayNameAgent,
    createdAt,
  }));
}

export interface NewKey {
  id: string;
  key: string;
}

/** Makes the file with one fresh key when there is none. Gives the clear key, or undefined when the file was there. */
export function createApiKeysFile(path: string, org: string): NewKey | undefined {
  const key = `pk_${randomBytes(32).toString('base64url')}`;
  const id = `key_${randomBytes(6).toString('hex')}`;
  const content = { keys: [{ id, sha256: sha256(key), org, agentId: 'default', mayNameAgent: true, createdAt: new Date().toISOString() }] };
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
    return { id, key };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

function sha256(key: string): string {
  return hash('sha256', key);
}
