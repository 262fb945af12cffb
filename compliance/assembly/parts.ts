/** What the steps of a report stand on: ports only, so that a command, a worker and a test give them what they have. */

import type { EvidenceSigner } from '../../keys/evidence.ts';
import type { Openssl } from '../../keys/openssl.ts';
import type { AuditFacts } from '../../log/audit.ts';
import type { CollectContext } from '../collectors/context.ts';
import type { LeafRange, LeafSource, Positions } from '../package/leaves.ts';
import type { TimestampAuthority } from '../package/timestamp.ts';
import type { VerifyOptions } from '../package/verify.ts';
import type { Window } from '../types.ts';
import type { Archive } from './archive.ts';

export interface AssemblyParts {
  /** The folder of this machine's evidence. */
  root: string;
  /** Of frameworks beside those that come with Parapet. */
  frameworksFolder?: string | undefined;
  /** Of Parapet. */
  version: string;
  /** What collectors are given, but for what belongs to one report. */
  sources: Omit<CollectContext, 'org' | 'window' | 'now' | 'seed' | 'query'>;
  query(of: { org: string; window: Window }): CollectContext['query'];
  leaves(range: LeafRange): LeafSource;
  /** Where the view of interactions stands; null where nobody can say. */
  positions(): Promise<Positions | null>;
  archive: Archive;
  signer(): Promise<EvidenceSigner>;
  timestamps: TimestampAuthority;
  openssl: Openssl;
  /** Whose signatures and timestamps are believed when a package is followed or looked at again. */
  trust(): VerifyOptions;
  /** Leaves an audit event. */
  record(facts: Omit<AuditFacts, 'org'> & { org: string }): Promise<void>;
  now(): Date;
}
