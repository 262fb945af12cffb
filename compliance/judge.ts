/**
 * From evidence to outcomes, and nothing else: no clock, no store. What is missing is a gap and never a pass, and the reasons of
 * a requirement are those of the checks that decided it.
 */
import { CHECKS } from './checks/index.ts';
import { coverageOf, effectiveIn } from './frameworks/coverage.ts';
import { reason, words } from './localized.ts';
import type {
  Attestation,
  Check,
  CheckResult,
  Evidence,
  Framework,
  JudgeContext,
  Judgement,
  Outcome,
  Reason,
  Requirement,
  RequirementResult,
} from './types.ts';

export interface Judged {
  checks: CheckResult[];
  requirements: RequirementResult[];
}

/** `now` is ISO 8601. Only checks that the framework names are judged. */
export function judge(
  framework: Framework,
  evidence: readonly Evidence[],
  attestations: readonly Attestation[],
  context: JudgeContext,
  now: string,
  all: readonly Check[] = CHECKS,
): Judged {
  const byCollector = new Map(evidence.map((each) => [each.collector, each]));
  const named = new Set(framework.requirements.flatMap(({ checks }) => checks));
  const checks = all.filter(({ id }) => named.has(id)).map((check) => runCheck(check, byCollector, context, now));
  const results = new Map(checks.map((result) => [result.check, result]));
  const requirements = framework.requirements.map((requirement) =>
    judgeRequirement(requirement, { framework: framework.id, results, attestations, context, now }),
  );
  return { checks, requirements };
}

export function runCheck(check: Check, evidence: ReadonlyMap<string, Evidence>, context: JudgeContext, now: string): CheckResult {
  const { id, version, title, evidence: needed } = check;
  const lacking = needed.flatMap((collector) => lackOf(evidence.get(collector), collector, now));
  const judgement: Judgement =
    lacking.length > 0 ? { outcome: 'gap', reasons: lacking } : notOfAPart(check.judge(evidence, context), needed, evidence);
  return { check: id, version, title, evidence: needed, ...judgement };
}

/** Why this evidence cannot be judged by; nothing when it can. */
function lackOf(evidence: Evidence | undefined, collector: string, now: string): Reason[] {
  if (evidence === undefined) return [reason(MISSING, { collector })];
  if (evidence.gap !== null) return [evidence.gap];
  return Date.parse(evidence.expiresAt) <= Date.parse(now) ? [reason(EXPIRED, { collector, expired: evidence.expiresAt })] : [];
}

/** Evidence that reached its bound shows a part: what is wrong in it is wrong, but that it is in order says too little. */
function notOfAPart(judgement: Judgement, needed: readonly string[], evidence: ReadonlyMap<string, Evidence>): Judgement {
  const cut = needed.filter((collector) => evidence.get(collector)?.parameters['row_limit_reached'] === true);
  if (cut.length === 0 || judgement.outcome === 'fail' || judgement.outcome === 'gap') return judgement;
  return { outcome: 'gap', reasons: cut.map((collector) => reason(CUT, { collector, rows: evidence.get(collector)?.rowCount ?? 0 })) };
}

interface Known {
  framework: string;
  results: ReadonlyMap<string, CheckResult>;
  attestations: readonly Attestation[];
  context: JudgeContext;
  now: string;
}

function judgeRequirement(requirement: Requirement, known: Known): RequirementResult {
  const { id, section, title, text, checks, related = [] } = requirement;
  const attestation = standingAttestation(requirement, known);
  const base = { id, section, title, text, coverage: coverageOf(requirement), checks, related, attestation };
  if (!effectiveIn(requirement, known.context.window)) {
    const { effectiveFrom = '–', effectiveUntil = '–' } = requirement;
    return { ...base, outcome: 'not_applicable', reasons: [reason(NOT_EFFECTIVE, { effectiveFrom, effectiveUntil })] };
  }
  const said: Judgement[] = checks.map((check) => known.results.get(check) ?? { outcome: 'gap', reasons: [reason(NO_CHECK, { check })] });
  said.push(...attested(requirement, attestation, known));
  for (const part of requirement.needs ?? []) said.push({ outcome: 'gap', reasons: [reason(NOT_BUILT, { part })] });
  if (said.length === 0) said.push({ outcome: 'gap', reasons: [reason(requirement.notCovered ?? NOT_COVERED)] });
  const outcome = together(said.map((each) => each.outcome));
  return { ...base, outcome, reasons: said.filter((each) => each.outcome === outcome).flatMap(({ reasons }) => reasons) };
}

function together(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('fail')) return 'fail';
  if (outcomes.includes('gap')) return 'gap';
  return outcomes.every((outcome) => outcome === 'not_applicable') ? 'not_applicable' : 'pass';
}

/** The one that holds longest. */
function standingAttestation({ id }: Requirement, { framework, attestations, now }: Known): Attestation | null {
  const own = attestations.filter(
    (each) => each.framework === framework && each.requirement === id && Date.parse(each.at) <= Date.parse(now),
  );
  return own.sort((a, b) => Date.parse(b.expiresAt) - Date.parse(a.expiresAt))[0] ?? null;
}

function attested({ attestation: duty }: Requirement, attestation: Attestation | null, { now }: Known): Judgement[] {
  if (duty === undefined) return [];
  if (attestation === null) return [{ outcome: 'gap', reasons: [reason(NOT_ATTESTED, { role: duty.role })] }];
  const { by, at, expiresAt } = attestation;
  if (Date.parse(expiresAt) <= Date.parse(now))
    return [{ outcome: 'gap', reasons: [reason(ATTESTATION_OVER, { by, expiresAt, role: duty.role })] }];
  return [{ outcome: 'pass', reasons: [reason(ATTESTED, { by, at, expiresAt })] }];
}

const MISSING = words(
  'The evidence “{collector}” was not collected.',
  'Der Nachweis „{collector}“ wurde nicht erhoben.',
  'La preuve « {collector} » n’a pas été collectée.',
  'No se recopiló la evidencia «{collector}».',
);
const EXPIRED = words(
  'The evidence “{collector}” expired on {expired} and proves nothing any more.',
  'Der Nachweis „{collector}“ ist am {expired} abgelaufen und belegt nichts mehr.',
  'La preuve « {collector} » a expiré le {expired} et ne prouve plus rien.',
  'La evidencia «{collector}» caducó el {expired} y ya no prueba nada.',
);
const CUT = words(
  'The evidence “{collector}” was cut at {rows} rows: what it shows is in order, but it does not show all.',
  'Der Nachweis „{collector}“ wurde bei {rows} Zeilen abgeschnitten: Was er zeigt, ist in Ordnung, aber er zeigt nicht alles.',
  'La preuve « {collector} » a été coupée à {rows} lignes : ce qu’elle montre est en ordre, mais elle ne montre pas tout.',
  'La evidencia «{collector}» se cortó en {rows} filas: lo que muestra está en orden, pero no lo muestra todo.',
);
const NOT_EFFECTIVE = words(
  'Not in force in this window (from {effectiveFrom}, until {effectiveUntil}).',
  'In diesem Zeitraum nicht in Kraft (ab {effectiveFrom}, bis {effectiveUntil}).',
  'Pas en vigueur pendant cette période (à partir du {effectiveFrom}, jusqu’au {effectiveUntil}).',
  'No vigente en este periodo (desde {effectiveFrom}, hasta {effectiveUntil}).',
);
const NO_CHECK = words(
  'The check “{check}” does not exist here.',
  'Die Prüfung „{check}“ gibt es hier nicht.',
  'Le contrôle « {check} » n’existe pas ici.',
  'El control «{check}» no existe aquí.',
);
const NOT_BUILT = words(
  'A part of Parapet that does not exist yet would judge this: {part}.',
  'Das würde ein Teil von Parapet beurteilen, den es noch nicht gibt: {part}.',
  'Une partie de Parapet qui n’existe pas encore en jugerait : {part}.',
  'Lo evaluaría una parte de Parapet que aún no existe: {part}.',
);
const NOT_COVERED = words(
  'Nothing in Parapet answers this requirement.',
  'Nichts in Parapet beantwortet diese Anforderung.',
  'Rien dans Parapet ne répond à cette exigence.',
  'Nada en Parapet responde a este requisito.',
);
const NOT_ATTESTED = words(
  'Nobody in the role {role} has attested to this.',
  'Niemand in der Rolle {role} hat dies bestätigt.',
  'Personne dans le rôle {role} ne l’a attesté.',
  'Nadie con la función {role} lo ha declarado.',
);
const ATTESTATION_OVER = words(
  'The attestation by {by} expired on {expiresAt}; somebody in the role {role} has to renew it.',
  'Die Bestätigung von {by} ist am {expiresAt} abgelaufen; jemand in der Rolle {role} muss sie erneuern.',
  'L’attestation de {by} a expiré le {expiresAt} ; une personne dans le rôle {role} doit la renouveler.',
  'La declaración de {by} caducó el {expiresAt}; alguien con la función {role} debe renovarla.',
);
const ATTESTED = words(
  'Attested by {by} on {at}, valid until {expiresAt}.',
  'Bestätigt von {by} am {at}, gültig bis {expiresAt}.',
  'Attesté par {by} le {at}, valable jusqu’au {expiresAt}.',
  'Declarado por {by} el {at}, válido hasta {expiresAt}.',
);
