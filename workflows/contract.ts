/** What workflows, activities and those who start them say to each other. Types and names only: workflow code is bundled with it. */
import type { PeriodKind, ReportRequest } from '../compliance/assembly/index.ts';
import type { ReportFormat } from '../compliance/reports/index.ts';
import type { ComplianceSettings, Language } from '../compliance/types.ts';

/** The machine that has a report's work folder. Its worker alone asks this queue. */
export interface Place {
  queue: string;
  /** Whether the namespace knows the search attributes of reports. */
  searchable: boolean;
}

export interface Pace {
  /** Without a sign of life for so long an activity counts as dead and is begun again. */
  heartbeatMs: number;
  /** Before a failed activity is tried again; doubles up to a minute. */
  retryMs: number;
  /** Before publishing is tried again behind a predecessor that is not published; doubles up to ten minutes. */
  predecessorMs: number;
}

export interface AssembleInput {
  request: ReportRequest;
  /** Where the report was planned; any machine without. */
  place?: Place;
  pace?: Partial<Pace>;
}

/** A plan as workflows need it. */
export interface PlannedReport {
  id: string;
  framework: string;
  org: string;
  period: string;
  collectors: string[];
  languages: readonly Language[];
  formats: readonly ReportFormat[];
  /** The period for which interactions came late; null when none did. */
  latePeriod: string | null;
}

/** Who may approve, as the settings were when the package was sealed. Activities look again. */
export interface ApprovalRules {
  author: string;
  createdAt: string;
  approvers: ComplianceSettings['approvers'];
  needed: number;
  withinMs: number;
  /** Those who have approved and still may. */
  given: string[];
}

export interface Decision {
  by: string;
  comment: string;
}

export type ReportPhase = 'planning' | 'collecting' | 'judging' | 'sealing' | 'awaiting approval' | 'publishing' | 'published' | 'rejected';

export interface ReportStatus {
  id: string;
  phase: ReportPhase;
  /** The queue of the machine that has it. */
  place: string;
  needed: number;
  given: string[];
  expiresAt: string | null;
  /** Why it does not go on, or was refused. */
  reason: string;
}

export interface PublishedReport {
  id: string;
  location: string;
  lockedUntil: string | null;
  manifest: string;
  approvedBy: string[];
}

export type Notice = 'awaiting' | 'reminder' | 'escalation' | 'expired' | 'rejected' | 'completed' | 'failed';

export interface CollectInput {
  framework: string;
  org: string;
  kind: PeriodKind;
  author: string;
  languages: readonly Language[];
  formats: readonly ReportFormat[];
  pace?: Partial<Pace>;
}

export interface CollectedPeriod {
  id: string;
  addendum: string | null;
  /** Another run has it, or had it: a period is made once. */
  already: boolean;
}

export interface VerifyInput {
  org: string;
  /** Of one framework only. */
  framework?: string;
  /** Goes on behind this package, with what was found before it. */
  progress?: { after: string; checked: number; broken: BrokenPackage[] };
}

export interface BrokenPackage {
  id: string;
  errors: string[];
}

export interface VerifiedArchive {
  checked: number;
  broken: BrokenPackage[];
}

export interface EraseInput {
  org: string;
  id: string;
  reason: string;
}

export interface DueKey {
  what: string;
  /** Days that are left; below zero it is late. */
  daysLeft: number;
}

export interface IncidentInput {
  incidentId: string;
  org: string;
  agentId: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  title: string;
  /** Milliseconds since 1970. */
  openedAt: number;
  /** How long a critical one may wait for a person; others longer (`incident-response.ts`). */
  triageMs: number;
  /** Whether a critical one that nobody looked at has its agent quarantined, and for how long. */
  containMinutes: number | null;
}

export interface SeenIncident {
  severity: IncidentInput['severity'];
  status: 'open' | 'contained' | 'closed';
}

export interface IncidentStatus extends SeenIncident {
  triagedBy: string | null;
  triagedAt: number | null;
  containedAt: number | null;
  closedBy: string | null;
}

export interface IncidentReview extends IncidentStatus {
  incidentId: string;
  org: string;
  openedAt: number;
  closedAt: number;
  summary: string;
}

/** Names on the server. Changing one loses the runs that have it. */
export const WORKFLOWS = {
  assemble: 'assembleReport',
  collect: 'collectEvidence',
  verify: 'verifyArchive',
  keys: 'rotateKeys',
  erase: 'eraseSubject',
  retrain: 'retrainModel',
  incident: 'incidentResponse',
} as const;

export const APPROVE = 'approve';
export const REJECT = 'reject';
export const STATUS = 'status';
/** The package's predecessor was rejected: it is to be sealed again. */
export const UNSEALED = 'unsealed';
/** To whoever waits for a child to be sealed. */
export const SEALED = 'sealed';
export const SEEN = 'seen';
export const TRIAGE = 'triage';
export const CLOSE = 'close';

export const SEARCH_ATTRIBUTES = ['Framework', 'Org', 'Period', 'Outcome'] as const;

/** A report that was refused ends as a failure of this type, so that its id is free for the one made anew. */
export const REJECTED = 'REPORT_REJECTED';
export const REFUSED = 'PARAPET_APPROVAL_REFUSED';
