/**
 * An event as OCSF 1.8: a threat is a Detection Finding (2004), what an analyst says of it updates that finding, an audit event
 * is Entity Management (3004): somebody did something to a thing. Why not API Activity (6003)? It demands the network endpoint the call came from, which an audit
 * event does not know, and a made-up one would be a false statement in evidence.
 */
import { meantBy } from '../../log/verdicts.ts';
import type { AnalystVerdict, AuditEvent, Threat } from '../../schemas/types.ts';
import { millisOf, type SiemEvent } from './event.ts';

const OCSF_VERSION = '1.8.0';
const SEVERITY_ID = { unknown: 0, informational: 1, low: 2, medium: 3, high: 4, critical: 5 } as const;

export function toOcsf(event: SiemEvent, { version }: { version: string }): Record<string, unknown> {
  const { org } = event.record;
  const base = {
    time: millisOf(event),
    severity_id: SEVERITY_ID[event.severity],
    severity: capital(event.severity),
    message: event.title,
    metadata: {
      version: OCSF_VERSION,
      uid: event.id,
      product: { name: 'Parapet Gateway', vendor_name: 'Parapet', version },
      log_name: event.topic,
      tenant_uid: org,
      ...(event.record.interactionId === null ? {} : { correlation_uid: event.record.interactionId }),
    },
  };
  switch (event.topic) {
    case 'threats':
      return detectionFinding(base, event.record, event.title, event.id, base.time);
    case 'audit':
      return entityManagement(base, event.record);
    case 'verdicts':
      return judgedFinding(base, event.record);
  }
}

type Base = { time: number; metadata: Record<string, unknown>; message: string };

// Maps, because a word of a record is no safe key of an object: `constructor` would find something.
const ANALYTIC = new Map<string, [number, string]>([
  ['signature', [1, 'Rule']],
  ['behaviour', [2, 'Behavioral']],
  ['model', [4, 'Learning (ML/DL)']],
]);
/** action_id and disposition_id: what became of the request. */
const ACTIONS = new Map<string, [number, string, number, string]>([
  ['none', [1, 'Allowed', 17, 'Logged']],
  ['flagged', [1, 'Allowed', 19, 'Alert']],
  ['blocked', [2, 'Denied', 2, 'Blocked']],
  ['redacted', [99, 'Redacted', 11, 'Corrected']],
]);

function detectionFinding(base: Base, threat: Threat, title: string, uid: string, time: number): Record<string, unknown> {
  // An unknown word comes from a newer writer; it is passed on as the name of "Other".
  const [typeId, type] = ANALYTIC.get(threat.layer) ?? [99, threat.layer];
  const [actionId, action, dispositionId, disposition] = ACTIONS.get(threat.actionTaken) ?? [
    99,
    threat.actionTaken,
    99,
    threat.actionTaken,
  ];
  const attacks = threat.techniques.flatMap(attackOf);
  const judged = threat.falsePositive !== null;
  return {
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2004,
    class_name: 'Detection Finding',
    activity_id: judged ? 2 : 1,
    activity_name: judged ? 'Update' : 'Create',
    type_uid: judged ? 200402 : 200401,
    type_name: `Detection Finding: ${judged ? 'Update' : 'Create'}`,
    ...base,
    metadata: {
      ...base.metadata,
      event_code: threat.ruleId,
      profiles: ['host', 'security_control', ...(judged ? ['incident'] : [])],
    },
    ...(threat.falsePositive === true
      ? { status_id: 3, status: 'Suppressed', verdict_id: 1, verdict: 'False Positive' }
      : judged
        ? { status_id: 2, status: 'In Progress', verdict_id: 2, verdict: 'True Positive' }
        : { status_id: 1, status: 'New' }),
    is_alert: true,
    action_id: actionId,
    action,
    disposition_id: dispositionId,
    disposition,
    ...confidence(threat.score),
    risk_score: threat.riskScore,
    finding_info: {
      uid,
      title,
      types: [threat.threatType],
      created_time: time,
      analytic: { uid: threat.ruleId, name: threat.ruleId, version: String(threat.ruleVersion), type_id: typeId, type },
      ...(attacks.length === 0 ? {} : { attacks }),
    },
    ...(attacks.length === 0 ? {} : { attacks }),
    actor: {
      app_uid: threat.agentId,
      ...(threat.userId === null ? {} : { user: { uid: threat.userId, type_id: 1, type: 'User', org: { uid: threat.org } } }),
    },
    // In 1.8 a finding has no ai_model: its profile ai_operation belongs to activities. So the model is a resource.
    resources: [
      {
        type: 'AI Model',
        name: threat.model,
        data: { ai_provider: threat.vendor, wire_format: threat.wireFormat },
      },
      { type: 'AI Conversation', uid: threat.conversationId },
    ],
    evidences: [{ data: { masked_excerpt: threat.maskedExcerpt, direction: threat.direction, path: threat.path, via: threat.via } }],
    unmapped: { layer: threat.layer, other_techniques: threat.techniques.filter((each) => attackOf(each).length === 0) },
  };
}

/** What a finding is once somebody has said so. A withdrawn verdict leaves it as it was before. */
const JUDGED = new Map<string, [statusId: number, status: string, verdictId: number, verdict: string]>([
  ['false_positive', [3, 'Suppressed', 1, 'False Positive']],
  ['true_positive', [2, 'In Progress', 2, 'True Positive']],
  ['missed', [2, 'In Progress', 2, 'True Positive']],
  ['withdrawn', [1, 'New', 0, 'Unknown']],
]);

/**
 * The finding of its threat, updated: both have the threat's id. An attack that no rule saw becomes a finding of its own, named
 * after its interaction, which is closed when that is taken back.
 */
function judgedFinding(base: Base, said: AnalystVerdict): Record<string, unknown> {
  const seen = said.threatId !== null;
  const [activityId, activity] = seen ? [2, 'Update'] : said.verdict === 'withdrawn' ? [3, 'Close'] : [1, 'Create'];
  const [statusId, status, verdictId, verdict] = JUDGED.get(said.verdict) ?? [99, said.verdict, 99, said.verdict];
  const [typeId, type] = ANALYTIC.get(said.layer) ?? [99, said.layer];
  return {
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2004,
    class_name: 'Detection Finding',
    activity_id: activityId,
    activity_name: activity,
    type_uid: 200400 + activityId,
    type_name: `Detection Finding: ${activity}`,
    ...base,
    metadata: { ...base.metadata, event_code: said.ruleId || said.verdict, profiles: ['host', 'incident'] },
    ...(activityId === 3 ? { status_id: 4, status: 'Resolved' } : { status_id: statusId, status }),
    verdict_id: verdictId,
    verdict,
    is_alert: said.verdict !== 'false_positive' && activityId !== 3,
    finding_info: {
      uid: said.threatId ?? meantBy(said),
      title: base.message,
      ...(said.threatType === '' ? {} : { types: [said.threatType] }),
      modified_time: base.time,
      ...(said.ruleId === '' ? {} : { analytic: { uid: said.ruleId, name: said.ruleId, type_id: typeId, type } }),
    },
    // Who changed the finding, not whom it is about.
    actor: { user: { uid: said.actor || 'unknown', type_id: 1, type: 'User', org: { uid: said.org } } },
    evidences: [{ data: { direction: said.direction, path: said.path } }],
    ...(said.note === '' ? {} : { comment: said.note }),
    unmapped: { said: said.verdict, layer: said.layer },
  };
}

/** MITRE ATLAS (`AML.T0051.001`) and ATT&CK (`T1059.004`); other lists, such as OWASP's, are no attacks to OCSF. */
function attackOf(id: string): Record<string, unknown>[] {
  const [, uid, sub] = /^((?:AML\.)?T\d{4})(\.\d{3})?$/.exec(id) ?? [];
  if (uid === undefined) return [];
  const atlas = uid.startsWith('AML.');
  const url = (technique: string) =>
    atlas ? `https://atlas.mitre.org/techniques/${technique}` : `https://attack.mitre.org/techniques/${technique.replace('.', '/')}`;
  return [
    {
      technique: { uid, src_url: url(uid) },
      ...(sub === undefined ? {} : { sub_technique: { uid: id, src_url: url(id) } }),
    },
  ];
}

function confidence(score: number): Record<string, unknown> {
  if (!Number.isFinite(score)) return { confidence_id: 0, confidence: 'Unknown' };
  const percent = Math.round(Math.min(1, Math.max(0, score)) * 100);
  const [id, name] = percent >= 80 ? [3, 'High'] : percent >= 50 ? [2, 'Medium'] : [1, 'Low'];
  return { confidence_id: id, confidence: name, confidence_score: percent };
}

/** The verb of `noun.verb`, as an activity of Entity Management. */
const ACTIVITIES: [id: number, name: string, verbs: RegExp][] = [
  [1, 'Create', /^(created?|added|imported|registered|issued)$/],
  [2, 'Read', /^(read|opened|listed|exported|viewed|searched)$/],
  [3, 'Update', /^(updated?|changed|published|rotated|replayed|renamed|rolled_back|assigned)$/],
  [4, 'Delete', /^(deleted?|removed|erased|dropped|purged|revoked)$/],
  [8, 'Enable', /^enabled?$/],
  [9, 'Disable', /^disabled?$/],
  [10, 'Activate', /^(started|activated)$/],
  [11, 'Deactivate', /^(stopped|deactivated)$/],
];
const ENTITY_TYPES = new Map<string, [number, string]>([
  ['policy', [5, 'Policy']],
  ['user', [2, 'User']],
  ['person', [2, 'User']],
  ['org', [4, 'Organization']],
]);

function entityManagement(base: Base, audit: AuditEvent): Record<string, unknown> {
  const verb = audit.action.split('.').at(-1) ?? '';
  const [activityId, activity] = ACTIVITIES.find(([, , verbs]) => verbs.test(verb)) ?? [99, audit.action];
  const failed = audit.outcome === 'failure';
  // Some things are done to oneself, such as starting; without a target, the actor is it.
  const entity = audit.target || audit.actor || audit.action;
  const kind = entity.split('/')[0] ?? '';
  const [typeId, type] = ENTITY_TYPES.get(kind) ?? [99, kind];
  const person = /^(person|user)\//.test(audit.actor);
  return {
    category_uid: 3,
    category_name: 'Identity & Access Management',
    class_uid: 3004,
    class_name: 'Entity Management',
    activity_id: activityId,
    activity_name: activity,
    type_uid: 300400 + activityId,
    type_name: `Entity Management: ${activityId === 99 ? 'Other' : activity}`,
    ...base,
    metadata: { ...base.metadata, event_code: audit.action },
    status_id: failed ? 2 : 1,
    status: failed ? 'Failure' : 'Success',
    actor: { user: { uid: audit.actor || 'unknown', type_id: person ? 1 : 4, type: person ? 'User' : 'Service', org: { uid: audit.org } } },
    entity: { uid: entity, type_id: typeId, type, data: audit.details },
    ...(audit.details['reason'] === undefined ? {} : { comment: audit.details['reason'] }),
    ...(audit.traceId === null ? {} : { unmapped: { trace_id: audit.traceId } }),
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
