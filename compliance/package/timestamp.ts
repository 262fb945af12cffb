/**
 * RFC 3161 timestamps: somebody says that the manifest existed at a time. By default that is this machine's own authority, through
 * openssl, which shows the format and proves little to a stranger; a URL makes it an authority that both sides trust.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';
import { AUTHORITY_FILES, ensureAuthority } from '../../keys/authority.ts';
import { inTemporaryFolder, type Openssl } from '../../keys/openssl.ts';

export interface TimestampAuthority {
  /** `local`, or its URL. */
  readonly name: string;
  /** PEM of the root that its certificates lead to. */
  root(): Promise<string>;
  /** A token over the SHA-256 `digest` (hex), checked before it is given. Throws PARAPET_TIMESTAMP_FAILED, PARAPET_OPENSSL_FAILED. */
  stamp(digest: string): Promise<Buffer>;
}

const ANSWER_MS = 20_000;
const MOST_BYTES = 256 * 1024;

/** One that also answers queries of others, as RFC 3161 has them over HTTP. */
export interface LocalAuthority extends TimestampAuthority {
  answer(query: Uint8Array): Promise<Buffer>;
}

export function localAuthority({ folder, org, openssl }: { folder: string; org: string; openssl: Openssl }): LocalAuthority {
  const at = (name: string) => join(folder, name);
  const root = async () => {
    await ensureAuthority({ folder, org, openssl });
    return readFile(at(AUTHORITY_FILES.root), 'utf8');
  };

  async function reply(work: string, query: string): Promise<string> {
    const [file, config, serial] = [join(work, 'reply.tsr'), join(work, 'ts.cnf'), join(work, 'serial')];
    await writeFile(serial, randomBytes(8).toString('hex'));
    await writeFile(config, CONFIG(serial));
    const signer = [
      '-signer',
      at(AUTHORITY_FILES.timestamps),
      '-inkey',
      at(AUTHORITY_FILES.timestampsKey),
      '-chain',
      at(AUTHORITY_FILES.root),
    ];
    await openssl('ts', '-reply', '-queryfile', query, '-config', config, '-section', 'tsa', ...signer, '-out', file);
    return file;
  }

  return {
    name: 'local',
    root,
    answer: async (query) => {
      await root();
      return inTemporaryFolder(async (work) => {
        await writeFile(join(work, 'query.tsq'), query);
        return readFile(await reply(work, join(work, 'query.tsq')));
      });
    },
    stamp: async (digest) => {
      const trusted = await root();
      return inTemporaryFolder(async (work) => {
        const query = await makeQuery(openssl, work, digest);
        return checked(openssl, work, { query, reply: await reply(work, query), trusted });
      });
    },
  };
}

/** `root` is the PEM file of who the authority's certificates lead to. */
export function remoteAuthority({
  url,
  rootFile,
  openssl,
  answerMs = ANSWER_MS,
}: {
  url: string;
  rootFile: string;
  openssl: Openssl;
  answerMs?: number;
}): TimestampAuthority {
  const root = () => readFile(rootFile, 'utf8');
  return {
    name: url,
    root,
    stamp: (digest) =>
      inTemporaryFolder(async (work) => {
        const [query, reply] = [await makeQuery(openssl, work, digest), join(work, 'reply.tsr')];
        await writeFile(reply, await ask(url, await readFile(query), answerMs));
        return checked(openssl, work, { query, reply, trusted: await root() });
      }),
  };
}

async function makeQuery(openssl: Openssl, work: string, digest: string): Promise<string> {
  const query = join(work, 'query.tsq');
  await openssl('ts', '-query', '-digest', digest, '-sha256', '-cert', '-out', query);
  return query;
}

/** The whole answer, header and body, has this time. */
async function ask(url: string, query: Buffer, answerMs: number): Promise<Uint8Array> {
  let answer: Response;
  let body: Uint8Array;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: new Uint8Array(query),
      signal: AbortSignal.timeout(answerMs),
    });
    body = await bodyOf(answer);
  } catch (cause) {
    throw failed(`${url} does not answer: ${cause instanceof Error ? cause.message : cause}.`, cause);
  }
  if (!answer.ok || body.length === 0 || body.length > MOST_BYTES)
    throw failed(`${url} answers ${answer.status} with ${body.length} bytes.`);
  return body;
}

/** Not more than one byte beyond what a token may have. */
async function bodyOf(answer: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MOST_BYTES) break;
  }
  return Buffer.concat(pieces);
}

async function checked(
  openssl: Openssl,
  work: string,
  { query, reply, trusted }: { query: string; reply: string; trusted: string },
): Promise<Buffer> {
  const root = join(work, 'root.pem');
  await writeFile(root, trusted);
  try {
    await openssl('ts', '-verify', '-queryfile', query, '-in', reply, '-CAfile', root);
  } catch (cause) {
    throw failed(`The timestamp does not hold: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
  return readFile(reply);
}

/** When the token says that it was; throws PARAPET_OPENSSL_FAILED when it is none. */
export async function timeOfToken(openssl: Openssl, file: string): Promise<Date> {
  const text = await openssl('ts', '-reply', '-in', file, '-text');
  return new Date(/^Time stamp: (.+)$/m.exec(text)?.[1] ?? Number.NaN);
}

const CONFIG = (serialFile: string) => `[tsa]
serial = ${serialFile}
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`;

const failed = (message: string, cause?: unknown) => new ParapetError('PARAPET_TIMESTAMP_FAILED', { message, cause });
