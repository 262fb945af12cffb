/** What reports and packages stand on, opened from the environment: the stores, the signer, the timestamp authority, the archive. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Archive, type AssemblyParts, bucketArchive, folderArchive } from '../compliance/assembly/index.ts';
import type { CollectContext } from '../compliance/collectors/context.ts';
import { queryOver } from '../compliance/collectors/query.ts';
import { leavesOf, type Positions } from '../compliance/package/leaves.ts';
import { localAuthority, remoteAuthority, type TimestampAuthority } from '../compliance/package/timestamp.ts';
import type { VerifyOptions } from '../compliance/package/verify.ts';
import { readComplianceSettings } from '../compliance/settings.ts';
import type { Attestation } from '../compliance/types.ts';
import { dataPaths, type Environment } from '../core/environment.ts';
import { describeApiKeys } from '../gateway/api-keys.ts';
import { AUTHORITY_FILES, rotateSigner } from '../keys/authority.ts';
import { openEvidenceSigner } from '../keys/evidence.ts';
import { openssl } from '../keys/openssl.ts';
import type { MasterRotation } from '../keys/port.ts';
import { auditRecord } from '../log/audit.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { Codec } from '../schemas/codec.ts';
import type { ClickHouse } from '../sinks/clickhouse/index.ts';
import { type OpenBooks, openReader, reconcileAll } from './books.ts';
import { reportRetention } from './retention.ts';
import { bucketOptions, openCodec, openKeys, openLog } from './stores.ts';
import { PROCESSOR_NAMES, SINK_NAMES } from './views.ts';

/** The consumer group whose position says up to where the view of interactions is. */
const VIEW_GROUP = 'clickhouse.interactions';
const EVER = { from: '1970-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };

/** Of a process that has them open: opened twice in one process, an embedded store can wait for itself. */
export type Shared = Pick<AssemblyParts['sources'], 'log' | 'codec' | 'keys'>;

export interface EvidenceDesk {
  parts: AssemblyParts;
  clickhouse: ClickHouse;
  close(): Promise<void>;
}

/** Throws PARAPET_CONFIG_INVALID, PARAPET_STORE_UNAVAILABLE, PARAPET_LOG_UNAVAILABLE. */
export async function openEvidence(env: Environment, org = env.PARAPET_ORG, shared?: Shared): Promise<EvidenceDesk> {
  const settings = readComplianceSettings(env.PARAPET_COMPLIANCE_FILE);
  const { log, codec, keys } = shared ?? { log: await openLog(env), codec: await openCodec(env), keys: openKeys(env) };
  const clickhouse = await openReader(env);
  const archive = openArchive(env);
  const run = openssl(env.PARAPET_OPENSSL);
  const { authority } = evidencePaths(env);
  const parts: AssemblyParts = {
    root: dataPaths(env).evidence,
    frameworksFolder: env.PARAPET_FRAMEWORKS_FOLDER,
    version: packageJson.version,
    sources: {
      env,
      settings,
      log,
      codec,
      keys,
      books: () => readBooks(env, { log, codec, clickhouse }),
      attestations: () => readAttestations(clickhouse, org),
      ...ofThisMachine(env, log, codec),
    },
    query: (range) => queryOver(clickhouse, range),
    leaves: (range) => leavesOf(clickhouse, range),
    positions: () => viewPositions(log),
    archive,
    signer: () =>
      openEvidenceSigner({
        folder: authority,
        org,
        openssl: run,
        keyFile: env.PARAPET_EVIDENCE_KEY_FILE,
        certificateFile: env.PARAPET_EVIDENCE_CERTIFICATE_FILE,
      }),
    timestamps: timestampAuthority(env, org),
    openssl: run,
    trust: () => trustOf(env),
    record: async (facts) => {
      await log.append([auditRecord(codec, facts)]);
    },
    now: () => new Date(),
  };
  return {
    parts,
    clickhouse,
    close: async () => {
      await archive.close();
      await clickhouse.close();
      if (shared !== undefined) return;
      await keys.close();
      await log.close();
    },
  };
}

export function evidencePaths(env: Environment) {
  const root = dataPaths(env).evidence;
  return { root, archive: join(root, 'archive'), authority: join(root, 'authority') };
}

/** Where published packages are. */
export function openArchive(env: Environment): Archive {
  if (env.PARAPET_EVIDENCE_BUCKET === undefined) return folderArchive(evidencePaths(env).archive);
  return bucketArchive(bucketOptions(env, env.PARAPET_EVIDENCE_BUCKET));
}

/**
 * A new key for the signer of this machine's own authority, when the one that it has is older than so many days. Gives the new certificate's
 * fingerprint; undefined when it is young enough, or the operator's own. Throws PARAPET_SIGNER_INVALID.
 */
export async function rotateOwnSigner(
  { signer }: AssemblyParts,
  env: Environment,
  org: string,
  olderThanDays: number,
): Promise<string | undefined> {
  if (env.PARAPET_EVIDENCE_KEY_FILE !== undefined) return undefined;
  const [certificate] = (await signer()).chain;
  const age = Date.now() - new X509Certificate(certificate as string).validFromDate.getTime();
  if (age < olderThanDays * 86_400_000) return undefined;
  return rotateSigner({ folder: evidencePaths(env).authority, org, openssl: openssl(env.PARAPET_OPENSSL) });
}

/** A new master key, when the one that there is is older than so many days; undefined when it is not. Throws PARAPET_MASTER_KEY_OUTSIDE. */
export async function rotateMaster(
  { sources: { keys } }: Pick<AssemblyParts, 'sources'>,
  org: string,
  olderThanDays: number,
): Promise<MasterRotation | undefined> {
  const { masterKeyAt } = keys.ages(org);
  if (masterKeyAt !== undefined && Date.now() - masterKeyAt < olderThanDays * 86_400_000) return undefined;
  return keys.rotateMaster();
}

/** Whom this machine trusts: the roots that the settings name, else who signs here: the operator's chain, or its own authority, if it has one. */
export function trustOf(env: Environment): VerifyOptions {
  const own = join(evidencePaths(env).authority, AUTHORITY_FILES.root);
  const known = existsSync(own) ? own : undefined;
  return {
    openssl: openssl(env.PARAPET_OPENSSL),
    trustFile: env.PARAPET_EVIDENCE_TRUST_FILE ?? env.PARAPET_EVIDENCE_CERTIFICATE_FILE ?? known,
    timestampTrustFile: env.PARAPET_EVIDENCE_TSA_CA_FILE ?? known,
  };
}

function timestampAuthority(env: Environment, org: string): TimestampAuthority {
  const { PARAPET_EVIDENCE_TSA_URL: url, PARAPET_EVIDENCE_TSA_CA_FILE: rootFile } = env;
  const run = openssl(env.PARAPET_OPENSSL);
  if (url === undefined || rootFile === undefined) return localAuthority({ folder: evidencePaths(env).authority, org, openssl: run });
  return remoteAuthority({ url, rootFile, openssl: run });
}

/** What collectors ask that is neither in the log nor in a view. */
export function ofThisMachine(env: Environment, log: EventLog, codec: Codec): Pick<CollectContext, 'consumers' | 'retention' | 'apiKeys'> {
  const keysFile = env.PARAPET_API_KEYS_FILE ?? dataPaths(env).apiKeys;
  return {
    consumers: [...PROCESSOR_NAMES, ...SINK_NAMES],
    retention: () => reportRetention({ env, log, codec, actor: 'compliance' }),
    apiKeys: () => (existsSync(keysFile) ? describeApiKeys(keysFile) : undefined),
  };
}

/** Only where the gateways' ledgers are: elsewhere nobody can say what was accepted. */
async function readBooks(env: Environment, open: OpenBooks): ReturnType<AssemblyParts['sources']['books']> {
  if (!existsSync(dataPaths(env).spool)) return undefined;
  const { accepted, events, clickhouse, lake, lost, duplicated, rows } = await reconcileAll(env, { waitMs: 10_000 }, open);
  return { totals: { accepted, events, rows: clickhouse, lake, lost, duplicated }, hours: rows };
}

/** Everything below these is in the view. Null where the view has no position here, e.g. because it was filled otherwise. */
async function viewPositions(log: EventLog): Promise<Positions | null> {
  const commits = (await log.commits(VIEW_GROUP)).filter(({ topic }) => topic === TOPICS.assessed.name);
  return commits.length === 0
    ? null
    : commits.map(({ partition, offset }) => ({ partition, end: offset })).sort((a, b) => a.partition - b.partition);
}

async function readAttestations(clickhouse: ClickHouse, org: string): Promise<Attestation[]> {
  const rows = await queryOver(clickhouse, { org, window: EVER })(
    `SELECT details['framework'] AS framework, details['requirement'] AS requirement, details['statement'] AS statement, actor AS by,
      concat(replaceOne(toString(toDateTime64(occurred_at, 3, 'UTC')), ' ', 'T'), 'Z') AS at, details['expiresAt'] AS expiresAt
    FROM audit WHERE org = {org:String} AND action = 'compliance.attested' ORDER BY occurred_at, audit_id`,
  );
  return rows as unknown as Attestation[];
}
