/** A report's worst day, for tests: every outcome, long texts, names of everywhere, empty evidence, and cells that would be code. */
import { createHash } from 'node:crypto';
import type {
  Assessment,
  Cell,
  CheckResult,
  Coverage,
  Evidence,
  EvidenceColumn,
  Localized,
  Outcome,
  Reason,
  RequirementResult,
  Row,
} from '../types.ts';

export const HOSTILE = [
  '=HYPERLINK("http://evil.example","click")',
  '+1+1',
  '-2+3',
  '@SUM(A1:A9)',
  '<script>alert(1)</script>',
  '"quoted", and\r\nbroken',
  '\u0000null\u0007bell\uFFFE',
  '\uD800 alone',
];

const WINDOW = { from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' };
const ASSESSED = '2026-11-02T06:30:00.000Z';
const LONG =
  'Die Sicherheitsüberprüfungsverantwortlichkeitszuordnung für Łukasz Żółć, Αθηνά, Müller-Lüdenscheidt & Señor Ñandú wird geprüft. ';

const same = (text: string): Localized => ({ en: text, de: text, fr: text, es: text });
export const localized = (en: string, de: string, fr: string, es: string): Localized => ({ en, de, fr, es });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `rows` of the evidence of latency; 2,000 unless told. */
export function sampleReport(rows = 2_000): { assessment: Assessment; evidence: Evidence[] } {
  const evidence = sampleEvidence(rows);
  const checks = sampleChecks();
  const requirements = sampleRequirements();
  const assessment: Assessment = {
    format: 'parapet-assessment/1',
    framework: {
      id: 'NIST-AI-RMF',
      version: '1.0',
      revision: 3,
      title: localized(
        'Artificial Intelligence Risk Management Framework',
        'Rahmenwerk für das Risikomanagement künstlicher Intelligenz',
        'Cadre de gestion des risques de l’intelligence artificielle',
        'Marco de gestión de riesgos de la inteligencia artificial',
      ),
      publisher: 'NIST',
      source: 'NIST AI 100-1, https://doi.org/10.6028/NIST.AI.100-1; the words are those of the US government',
      sections: SECTIONS.map(([id, title]) => ({ id, title: same(title) })),
    },
    org: 'acme-münchen',
    period: '2026-10',
    window: WINDOW,
    assessedAt: ASSESSED,
    generator: { name: 'parapet', version: '0.1.0' },
    seed: sha256('seed'),
    interactions: { count: INTERACTIONS, root: sha256('root') },
    books: { accepted: INTERACTIONS, events: INTERACTIONS, rows: INTERACTIONS, lake: INTERACTIONS, lost: 0, duplicated: 0 },
    requirements,
    checks,
    evidence: evidence.map(({ rows: _, ...summary }) => summary),
  };
  return { assessment, evidence };
}

const SECTIONS = [
  ['GOVERN 1', 'Policies, processes, procedures, and practices across the organization are in place, transparent, and implemented.'],
  ['GOVERN 2', 'Accountability structures are in place.'],
  ['MAP 1', 'Context is established and understood.'],
  ['MAP 4', 'Risks and benefits are mapped for all components of the AI system.'],
  ['MEASURE 1', 'Appropriate methods and metrics are identified and applied.'],
  ['MEASURE 2', 'AI systems are evaluated for trustworthy characteristics.'],
  ['MANAGE 1', 'AI risks are prioritized, responded to, and managed.'],
  ['MANAGE 4', 'Risk treatments are documented and monitored regularly.'],
] as const;

const OUTCOMES: readonly Outcome[] = ['pass', 'fail', 'gap', 'not_applicable'];
const COVERAGES: readonly Coverage[] = ['automated', 'partly', 'attested', 'not_covered'];

const REASONS: Readonly<Record<Outcome, Reason>> = {
  pass: {
    text: localized(
      '{count} interactions were accepted, and as many are in every book ({share} %).',
      '{count} Interaktionen wurden angenommen, und ebenso viele stehen in jedem Buch ({share} %).',
      '{count} interactions ont été acceptées, et autant figurent dans chaque livre ({share} %).',
      'Se aceptaron {count} interacciones, y otras tantas están en cada libro ({share} %).',
    ),
    values: { count: 1_234_567, share: 99.5 },
  },
  fail: {
    text: localized(
      'Model {model} was seen on {at} UTC and is not expected.',
      'Modell {model} wurde am {at} UTC gesehen und ist nicht erwartet.',
      'Le modèle {model} a été vu le {at} UTC et n’est pas attendu.',
      'El modelo {model} se vio el {at} UTC y no se espera.',
    ),
    values: { model: '<script>alert(1)</script>', at: '2026-10-05T14:00:00Z' },
  },
  gap: {
    text: localized(
      'No drill was recorded since {days} days: record one with `parapet drill record`.',
      'Seit {days} Tagen wurde keine Übung festgehalten: Halten Sie eine mit `parapet drill record` fest.',
      'Aucun exercice n’a été consigné depuis {days} jours : consignez-en un avec `parapet drill record`.',
      'No se registró ningún simulacro en {days} días: registre uno con `parapet drill record`.',
    ),
    values: { days: 1_000 },
  },
  not_applicable: {
    text: localized(
      'It applies from {from} on.',
      'Sie gilt erst ab {from}.',
      'Elle s’applique à partir du {from}.',
      'Se aplica a partir del {from}.',
    ),
    values: { from: '2027-08-02' },
  },
};

function sampleChecks(): CheckResult[] {
  const outcomes: Readonly<Record<string, Outcome>> = {
    'logging.complete': 'pass',
    'inventory.models': 'fail',
    'operations.chaos': 'gap',
    'logging.active': 'not_applicable',
  };
  return Object.entries(outcomes).map(([check, outcome]) => ({
    check,
    version: 2,
    title: localized(`Check ${check}`, `Prüfung ${check}`, `Contrôle ${check}`, `Comprobación ${check}`),
    evidence: outcome === 'gap' ? ['drills'] : ['interactions', 'latency'],
    outcome,
    reasons: [REASONS[outcome]],
  }));
}

function sampleRequirements(): RequirementResult[] {
  const checks = ['logging.complete', 'inventory.models', 'operations.chaos', 'logging.active'];
  return Array.from({ length: 40 }, (_, i): RequirementResult => {
    const section = SECTIONS[i % SECTIONS.length]?.[0] ?? '';
    const outcome = OUTCOMES[(i * 7) % 3 === 0 && i % 5 === 0 ? 3 : i % 3] ?? 'gap';
    const long = i % 9 === 4;
    return {
      id: `${section}.${Math.floor(i / SECTIONS.length) + 1}`,
      section,
      title: localized(
        `Roles and responsibilities are documented (${i})`,
        `Rollen und Verantwortlichkeiten sind dokumentiert (${i})`,
        `Les rôles et responsabilités sont documentés (${i})`,
        `Las funciones y responsabilidades están documentadas (${i})`,
      ),
      text: same(long ? LONG.repeat(14) : `${LONG}Legal and regulatory requirements are understood, managed, and documented.`),
      coverage: COVERAGES[i % 4] ?? 'automated',
      outcome,
      reasons: long ? Array.from({ length: 12 }, () => REASONS[outcome]) : [REASONS[outcome]],
      checks: i % 4 === 2 ? [] : [checks[OUTCOMES.indexOf(outcome)] ?? ''],
      related: i % 2 === 0 ? ['SOC2/CC7.2', 'ISO-42001/A.6.2.8', 'EU-AI-ACT/12(1)', 'GDPR/32(1)(b)'] : [],
      attestation:
        i % 4 === 2
          ? {
              framework: 'NIST-AI-RMF',
              requirement: `${section}.${Math.floor(i / SECTIONS.length) + 1}`,
              statement: '=cmd|"/C calc"!A0 Ich habe die Zuordnung geprüft.',
              by: 'Żaneta Ångström-O’Neill',
              at: '2026-10-20T09:00:00.000Z',
              expiresAt: '2027-10-20T09:00:00.000Z',
            }
          : null,
    };
  });
}

const text = (name: string): EvidenceColumn => ({ name, kind: 'text', title: same(name) });
const DAYS = 31;
const STATUSES = ['answered', 'blocked', 'failed', 'abandoned'];
const perDay = (day: number, status: number): number => Math.round((9_000 + 3_000 * Math.sin(day / 2)) / (status * status * 9 + 1));
const INTERACTIONS = Array.from({ length: DAYS }, (_, day) => STATUSES.reduce((sum, _s, status) => sum + perDay(day, status), 0)).reduce(
  (a, b) => a + b,
  0,
);

function sampleEvidence(rows: number): Evidence[] {
  const days = Array.from({ length: DAYS }, (_, day) => `2026-10-${String(day + 1).padStart(2, '0')}T00:00:00.000Z`);
  return [
    piece('interactions', localized('Interactions', 'Interaktionen', 'Interactions', 'Interacciones'), {
      columns: [
        { name: 'day', kind: 'time', title: localized('Day', 'Tag', 'Jour', 'Día') },
        { name: 'status', kind: 'text', title: localized('Status', 'Status', 'Statut', 'Estado') },
        { name: 'interactions', kind: 'integer', title: localized('Interactions', 'Interaktionen', 'Interactions', 'Interacciones') },
      ],
      rows: days.flatMap((day, i) => STATUSES.map((status, j) => ({ day, status, interactions: perDay(i, j) }))),
    }),
    piece('threats', localized('Threats', 'Bedrohungen', 'Menaces', 'Amenazas'), {
      columns: [text('threat_type'), text('severity'), { name: 'threats', kind: 'integer', title: same('threats') }],
      rows: ['prompt_injection', 'jailbreak', 'data_exfiltration', 'personal_data', 'credential', ...HOSTILE.slice(0, 5)].map(
        (type, i) => ({
          threat_type: type,
          severity: i % 2 === 0 ? 'high' : 'critical',
          threats: 900 - 83 * i,
        }),
      ),
    }),
    piece('latency', localized('Latency of guards', 'Latenz der Prüfungen', 'Latence des gardes', 'Latencia de los guardas'), {
      columns: WIDE,
      rows: Array.from({ length: rows }, (_, i) => wideRow(i)),
    }),
    piece('erasures', localized('Erasures', 'Löschungen', 'Effacements', 'Supresiones'), { columns: [text('subject')], rows: [] }),
    piece('drills', localized('Drills', 'Übungen', 'Exercices', 'Simulacros'), { columns: [text('kind')], rows: [], gap: REASONS.gap }),
    piece('quarantines', localized('Quarantines', 'Quarantänen', 'Quarantaines', 'Cuarentenas'), {
      columns: [text('agent'), { name: 'by', kind: 'personal', title: same('by') }, { name: 'note', kind: 'text', title: same('note') }],
      rows: HOSTILE.map((note, i) => ({ agent: `agent-${i}`, by: `sealed:v1:${sha256(note)}`, note })),
      expiresAt: '2026-10-30T00:00:00.000Z',
    }),
  ];
}

const WIDE: readonly EvidenceColumn[] = [
  { name: 'hour', kind: 'time', title: same('hour') },
  ...['vendor', 'model', 'guard', 'region'].map(text),
  { name: 'p50', kind: 'number', unit: 'ms', title: same('p50') },
  { name: 'p99', kind: 'number', unit: 'ms', title: same('p99') },
  { name: 'requests', kind: 'integer', title: same('requests') },
  { name: 'failed_closed', kind: 'boolean', title: same('failed closed') },
  { name: 'interaction', kind: 'text', title: same('slowest interaction') },
];

function wideRow(i: number): Row {
  const cells: Record<string, Cell> = {
    hour: new Date(Date.parse(WINDOW.from) + i * 1_800_000).toISOString(),
    vendor: ['openai', 'anthropic', 'bedrock'][i % 3] ?? '',
    model: i % 50 === 3 ? (HOSTILE[0] ?? '') : `model-${i % 7}-東京-large-2026-preview`,
    guard: 'prompt-injection',
    region: i % 11 === 0 ? null : 'eu-central-1',
    p50: i / 7,
    p99: i * 1.5,
    requests: i * 1_009,
    failed_closed: i % 2 === 0,
    interaction: sha256(String(i)),
  };
  return cells;
}

function piece(
  collector: string,
  title: Localized,
  { columns, rows, gap = null, expiresAt = '2027-02-01T00:00:00.000Z' }: Pick<Evidence, 'columns' | 'rows'> & Partial<Evidence>,
): Evidence {
  return {
    collector,
    version: 1,
    title,
    source: 'clickhouse',
    identity: 'parapet/0.1.0',
    query: `SELECT toStartOfDay(started_at) AS day, status, count() AS ${collector} FROM interactions FINAL WHERE org = {org:String} AND started_at >= {from:DateTime64(6, 'UTC')} AND started_at < {to:DateTime64(6, 'UTC')} GROUP BY ALL ORDER BY ALL LIMIT 20000`,
    parameters: { org: 'acme-münchen', from: WINDOW.from, to: WINDOW.to },
    window: WINDOW,
    collectedAt: '2026-11-02T06:00:00.000Z',
    expiresAt,
    columns,
    rows,
    rowCount: rows.length,
    sha256: sha256(collector),
    gap,
  };
}
