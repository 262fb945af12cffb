/**
 * The words of compliance, shared by collectors, checks, reports and packages. Evidence is collected, then judged, and the two
 * never mix: a collector does not know what is good, a check does not know where its evidence came from.
 */

export const LANGUAGES = ['en', 'de', 'fr', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];
/** The same text for every reader. */
export type Localized = Readonly<Record<Language, string>>;

/** Half open, ISO 8601 in UTC: `from` is in it, `to` is not. */
export interface Window {
  from: string;
  to: string;
}

export type Cell = string | number | boolean | null;
/** A text about a person: it is stored sealed with the data key of `subject` (`org/user`), so that erasing them erases it too. */
export interface Personal {
  subject: string;
  text: string;
}
export type Row = Readonly<Record<string, Cell>>;
export type CollectedRow = Readonly<Record<string, Cell | Personal>>;

export interface EvidenceColumn {
  name: string;
  /** `time` is ISO 8601 in UTC; `personal` is a text that is stored sealed. */
  kind: 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'personal';
  /** E.g. `ms`, `USD`, `%`. */
  unit?: string;
  title: Localized;
}

/** `{name}` in the text stands for the value of that name, which each reader sees in their own way of writing numbers. */
export interface Reason {
  text: Localized;
  values: Readonly<Record<string, Cell>>;
}

export type Source = 'clickhouse' | 'lake' | 'log' | 'stores' | 'keys' | 'configuration';

/** What a collector found, or why there is nothing to find: a gap is told, and is never a pass. */
export type Collected =
  | { query: string; parameters: Readonly<Record<string, Cell>>; rows: CollectedRow[] }
  | { query: string; parameters: Readonly<Record<string, Cell>>; gap: Reason };

/** `Context` is what a run gives to collectors (`collectors/context.ts`). */
export interface Collector<Context> {
  /** E.g. `logging-completeness`: also the name of its files. */
  readonly id: string;
  /** Raised when the same data would give other rows. */
  readonly version: number;
  readonly title: Localized;
  readonly source: Source;
  readonly columns: readonly EvidenceColumn[];
  /** Evidence older than this proves nothing any more. */
  readonly validDays: number;
  /** Throws what its store throws; the run tries again, then records a gap. */
  collect(context: Context): Promise<Collected>;
}

/** Evidence as it stands in a package: `rows` in `evidence/<collector>.csv`, everything else in `evidence/<collector>.json`. */
export interface Evidence {
  collector: string;
  version: number;
  title: Localized;
  source: Source;
  /** Who collected it: `parapet/<version>`. */
  identity: string;
  query: string;
  parameters: Readonly<Record<string, Cell>>;
  window: Window;
  collectedAt: string;
  expiresAt: string;
  columns: readonly EvidenceColumn[];
  rows: readonly Row[];
  rowCount: number;
  /** Of the file of its rows, hex. */
  sha256: string;
  /** Why there is no evidence; null when there is, even if it has no rows. */
  gap: Reason | null;
}

export type Outcome = 'pass' | 'fail' | 'gap' | 'not_applicable';

export interface Judgement {
  outcome: Outcome;
  /** At least one: also a pass says why. */
  reasons: readonly Reason[];
}

export interface JudgeContext {
  org: string;
  window: Window;
  settings: ComplianceSettings;
}

/** Pure: the same evidence gives the same judgement, today and in ten years. */
export interface Check {
  /** E.g. `logging.complete`. */
  readonly id: string;
  readonly version: number;
  readonly title: Localized;
  /** Collectors whose evidence it needs. When one is missing, expired or a gap, the check is a gap and `judge` is not asked. */
  readonly evidence: readonly string[];
  judge(evidence: ReadonlyMap<string, Evidence>, context: JudgeContext): Judgement;
}

export interface CheckResult extends Judgement {
  check: string;
  version: number;
  title: Localized;
  evidence: readonly string[];
}

/** What of a requirement a machine can judge. */
export type Coverage = 'automated' | 'partly' | 'attested' | 'not_covered';

/** What only a person can say, and for how long their word holds. */
export interface AttestationDuty {
  statement: Localized;
  /** E.g. `ciso`. */
  role: string;
  validDays: number;
}

export interface Attestation {
  framework: string;
  requirement: string;
  statement: string;
  by: string;
  at: string;
  expiresAt: string;
}

export interface Requirement {
  /** As the framework's publisher writes it, e.g. `GOVERN 1.1`. */
  id: string;
  /** Of the framework's `sections`. */
  section: string;
  title: Localized;
  text: Localized;
  /** From when on it applies, `YYYY-MM-DD`; always without. */
  effectiveFrom?: string;
  effectiveUntil?: string;
  /** Ids of checks that judge it. */
  checks: readonly string[];
  attestation?: AttestationDuty;
  /** Parts of Parapet that do not exist yet and would judge it (`policies`, `identities`, `assets`): a stated gap. */
  needs?: readonly string[];
  /** Why nothing here answers it, where nothing does. */
  notCovered?: Localized;
  /** Requirements of other frameworks that ask for much the same: `SOC2/CC7.2`. */
  related?: readonly string[];
}

export interface Framework {
  /** E.g. `NIST-AI-RMF`; also the word on the command line. */
  id: string;
  /** The publisher's. */
  version: string;
  /** Of this file. */
  revision: number;
  title: Localized;
  publisher: string;
  /** Where the original stands, and whose words these are. */
  source: string;
  sections: readonly { id: string; title: Localized }[];
  requirements: readonly Requirement[];
}

export interface RequirementResult {
  id: string;
  section: string;
  title: Localized;
  text: Localized;
  coverage: Coverage;
  outcome: Outcome;
  reasons: readonly Reason[];
  checks: readonly string[];
  related: readonly string[];
  attestation: Attestation | null;
}

/** Evidence without its rows. */
export type EvidenceSummary = Omit<Evidence, 'rows'>;

/** Where the books stood: accepted by gateways = events in the log = rows in the view = rows in the lake. */
export interface BookTotals {
  accepted: number;
  events: number;
  rows: number;
  lake: number;
  lost: number;
  duplicated: number;
}

/** Everything that a report says, before it is written in a format and a language. `assessment.json` of a package. */
export interface Assessment {
  format: 'parapet-assessment/1';
  framework: Pick<Framework, 'id' | 'version' | 'revision' | 'title' | 'publisher' | 'source' | 'sections'>;
  org: string;
  /** E.g. `2026-10`, `2026-Q3`. */
  period: string;
  window: Window;
  /** When the evidence was judged. */
  assessedAt: string;
  generator: { name: 'parapet'; version: string };
  /** What samples were drawn with: SHA-256 over organisation, framework and period, hex. */
  seed: string;
  /** Interactions of the window that the package proves, and their Merkle root. */
  interactions: { count: number; root: string };
  books: BookTotals | null;
  requirements: readonly RequirementResult[];
  checks: readonly CheckResult[];
  evidence: readonly EvidenceSummary[];
}

/** What this organisation expects of its own use of AI, and who approves: `PARAPET_COMPLIANCE_FILE` (`settings.ts`). */
export interface ComplianceSettings {
  approvers: readonly { name: string; roles: readonly string[]; revokedAt?: string | undefined }[];
  approvals: { needed: number; withinDays: number };
  /** What may appear in traffic; null where nothing was decided, which is a gap. */
  expected: { vendors: readonly string[] | null; models: readonly string[] | null; regions: readonly string[] | null };
  objectives: {
    availabilityPercent: number;
    guardP99Ms: number;
    threatResponseHours: number;
    falsePositivePercent: number;
    erasureDays: number;
    masterKeyDays: number;
    /** Of the key that signs evidence, where this machine's own authority has it. */
    signerKeyDays: number;
    apiKeyDays: number;
    drillDays: number;
    /** For a month, in USD; null where there is no budget. */
    budgetUsd: number | null;
  };
  /** How long packages are locked, by framework id, in years. */
  lockYears: Readonly<Record<string, number>>;
  /** SHA-256 of manifests in the archive that are not of this organisation, whatever they say. */
  disregard: readonly string[];
}
