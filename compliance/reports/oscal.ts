/**
 * The report for machines: OSCAL 1.2.1 Assessment Results and Component Definition. Ids are UUIDs of names (version 5), so that two
 * runs over the same assessment are the same document, and a finding keeps its id for as long as its requirement has its name.
 */
import { createHash } from 'node:crypto';
import type { Assessment, Attestation, CheckResult, EvidenceSummary, Outcome, RequirementResult } from '../types.ts';
import { named, type ReportInput, rowsFile, sentences } from './model.ts';
import { printable } from './signs.ts';
import { type Writer, writerFor } from './words.ts';

export const OSCAL_VERSION = '1.2.1';
/** Of names that mean something in Parapet; drawn once. */
const NAMES = '6f0f2f9e-5c6a-4e0b-9c7a-3f1d5a8b2e41';
/** Where our own properties are told. */
const NAMESPACE = 'https://parapet.dev/ns/oscal';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };
type Node = { readonly [key: string]: Json | undefined };

export function renderOscalResults({ assessment, language }: ReportInput): Uint8Array {
  const writer = writerFor(language);
  const { words, fill } = writer;
  const { framework, org, period, window, requirements, checks, evidence, interactions, seed, books } = assessment;
  const id = idsOf(assessment);
  const attestations = requirements.flatMap(({ attestation }) => (attestation === null ? [] : [attestation]));
  return encode({
    'assessment-results': {
      uuid: id('results'),
      metadata: metadata(assessment, `${words.report}: ${framework.title[language]}, ${org}, ${period}`, {
        language,
        ...parties(attestations, id),
      }),
      'import-ap': { href: `#${id('resource/assessment')}`, remarks: 'assessment.json' },
      results: [
        {
          uuid: id('result'),
          title: `${framework.id} ${framework.version} · ${org} · ${period}`,
          description: fill(words.windowUtc, { ...window }),
          start: window.from,
          end: window.to,
          props: [
            prop('interactions', String(interactions.count)),
            prop('merkle-root', interactions.root),
            prop('sample-seed', seed),
            ...(books === null ? [] : Object.entries(books).map(([book, count]) => prop(`books-${book}`, String(count)))),
          ],
          'reviewed-controls': {
            'control-selections': [
              { 'include-controls': requirements.map((requirement) => ({ 'control-id': controlId(requirement.id) })) },
            ],
          },
          ...(attestations.length === 0 ? {} : { attestations: attestations.map((attestation) => attested(attestation, id)) }),
          ...(checks.length === 0 ? {} : { observations: checks.map((check) => observation(check, assessment, writer, id)) }),
          findings: requirements.map((requirement) => finding(requirement, writer, id, new Set(checks.map(({ check }) => check)))),
        },
      ],
      'back-matter': { resources: [assessmentResource(id), ...evidence.map((piece) => resource(piece, writer, id))] },
    },
  });
}

export function renderOscalComponent({ assessment, language }: ReportInput): Uint8Array {
  const { words } = writerFor(language);
  const { framework, requirements, generator } = assessment;
  const id = idsOf(assessment);
  return encode({
    'component-definition': {
      uuid: id('component-definition'),
      metadata: metadata(assessment, `Parapet: ${framework.title[language]}`, { language }),
      components: [
        {
          uuid: id('component'),
          type: 'software',
          title: 'Parapet',
          description: 'The AI gateway that keeps evidence.',
          props: [{ name: 'version', value: generator.version }],
          'control-implementations': [
            {
              uuid: id('implementation'),
              source: `#${id('resource/framework')}`,
              description: `${framework.title[language]} (${framework.publisher})`,
              'implemented-requirements': requirements.map((requirement) => ({
                uuid: id(`implemented/${requirement.id}`),
                'control-id': controlId(requirement.id),
                description: requirement.title[language],
                props: [prop('requirement', requirement.id), prop('coverage', requirement.coverage)],
                remarks: `${words.coverage}: ${words[requirement.coverage]}. ${words.checks}: ${requirement.checks.join(', ') || words.none}.`,
              })),
            },
          ],
        },
      ],
      'back-matter': {
        resources: [{ uuid: id('resource/framework'), title: framework.title[language], citation: { text: framework.source } }],
      },
    },
  });
}

type Ids = (name: string) => string;

/** Names are told apart by organisation, framework and period. */
function idsOf({ org, framework, period }: Assessment): Ids {
  return (name) => uuidV5(JSON.stringify([org, framework.id, period, name]));
}

export function uuidV5(name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(NAMES.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** OSCAL's tokens begin with a letter and know no spaces or brackets: `12(1)` is `_12.1`, `GOVERN 1.1` is `govern-1.1`. */
export function controlId(id: string): string {
  const token = id
    .toLowerCase()
    .replace(/\(/g, '.')
    .replace(/\)/g, '')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-');
  return /^[\p{L}_]/u.test(token) ? token : `_${token}`;
}

function metadata({ assessedAt, generator, framework, period }: Assessment, title: string, more: Node & { language: string }): Node {
  const { language, ...rest } = more;
  return {
    title,
    'last-modified': assessedAt,
    version: `${framework.version}-${framework.revision}-${line(period)}`,
    'oscal-version': OSCAL_VERSION,
    props: [prop('generator', `${generator.name} ${generator.version}`), prop('framework', framework.id), prop('language', language)],
    ...rest,
  };
}

/** Those who gave their word. */
function parties(attestations: readonly Attestation[], id: Ids): Node {
  const names = [...new Set(attestations.map(({ by }) => by))];
  if (names.length === 0) return {};
  return {
    roles: [{ id: 'attester', title: 'Attester' }],
    parties: names.map((name) => ({ uuid: id(`party/${name}`), type: 'person', name: line(name) })),
  };
}

function attested({ framework, requirement, statement, by, at, expiresAt }: Attestation, id: Ids): Node {
  return {
    'responsible-parties': [{ 'role-id': 'attester', 'party-uuids': [id(`party/${by}`)] }],
    parts: [
      {
        uuid: id(`attestation/${requirement}`),
        name: 'attestation',
        ns: NAMESPACE,
        title: `${framework} ${requirement}`,
        prose: statement,
        props: [prop('attested-at', at), prop('expires-at', expiresAt), prop('requirement', requirement)],
      },
    ],
  };
}

function observation(check: CheckResult, { evidence, assessedAt }: Assessment, { language, say }: Writer, id: Ids): Node {
  const own = evidence.filter(({ collector }) => check.evidence.includes(collector));
  const collected = own.map(({ collectedAt }) => collectedAt).sort();
  const expires = own.map(({ expiresAt }) => expiresAt).sort();
  return {
    uuid: id(`observation/${check.check}`),
    title: check.title[language],
    description: sentences(check.reasons, say) || check.outcome,
    props: [prop('check', check.check), prop('check-version', String(check.version)), prop('outcome', check.outcome)],
    methods: ['TEST'],
    types: ['control-objective'],
    ...(own.length === 0
      ? {}
      : {
          'relevant-evidence': own.map((piece) => ({
            href: rowsFile(piece.collector),
            description: piece.title[language],
            props: [
              prop('sha256', piece.sha256),
              prop('rows', String(piece.rowCount)),
              prop('collected-by', piece.identity),
              prop('outcome', piece.gap === null ? 'collected' : 'gap'),
            ],
            links: [{ href: `#${id(`resource/${piece.collector}`)}`, rel: 'reference' }],
            ...(piece.gap === null ? {} : { remarks: say(piece.gap) }),
          })),
        }),
    collected: collected.at(-1) ?? assessedAt,
    ...(expires[0] === undefined ? {} : { expires: expires[0] }),
  };
}

/**
 * OSCAL knows two states. Only a pass is satisfied: what does not apply and what has no evidence is not, and says why, so that a
 * reader who only counts states never counts too many.
 */
const STATUS = {
  pass: { state: 'satisfied', reason: 'pass' },
  fail: { state: 'not-satisfied', reason: 'fail' },
  gap: { state: 'not-satisfied', reason: 'other' },
  not_applicable: { state: 'not-satisfied', reason: 'other' },
} as const satisfies Record<Outcome, Node>;

function finding(requirement: RequirementResult, { language, words, say }: Writer, id: Ids, judged: ReadonlySet<string>): Node {
  const { id: name, title, text, outcome, coverage, reasons, checks, related, section } = requirement;
  const observed = checks.filter((check) => judged.has(check));
  const told = sentences(reasons, say) || words[outcome];
  return {
    uuid: id(`finding/${name}`),
    title: named(name, title[language]),
    description: text[language] || title[language],
    props: [
      prop('requirement', name),
      prop('section', section),
      prop('outcome', outcome),
      prop('coverage', coverage),
      ...related.map((other) => prop('related', other)),
    ],
    target: {
      type: 'objective-id',
      'target-id': controlId(name),
      status: { ...STATUS[outcome], remarks: told },
    },
    ...(observed.length === 0
      ? {}
      : { 'related-observations': observed.map((check) => ({ 'observation-uuid': id(`observation/${check}`) })) }),
  };
}

function assessmentResource(id: Ids): Node {
  return {
    uuid: id('resource/assessment'),
    title: 'assessment.json',
    rlinks: [{ href: 'assessment.json', 'media-type': 'application/json' }],
  };
}

function resource(
  { collector, version, title, query, window, rowCount, sha256, gap }: EvidenceSummary,
  { language, say }: Writer,
  id: Ids,
): Node {
  return {
    uuid: id(`resource/${collector}`),
    title: title[language],
    description: query || collector,
    props: [
      prop('collector', collector),
      prop('collector-version', String(version)),
      prop('window-from', window.from),
      prop('window-to', window.to),
      prop('rows', String(rowCount)),
    ],
    rlinks: [{ href: rowsFile(collector), 'media-type': 'text/csv', hashes: [{ algorithm: 'SHA-256', value: sha256 }] }],
    ...(gap === null ? {} : { remarks: say(gap) }),
  };
}

const prop = (name: string, value: string): Node => ({ name, ns: NAMESPACE, value: line(value) });

/** OSCAL's short texts are one line, without space at their ends, and never empty. */
function line(text: string): string {
  return text.replace(/\s+/g, ' ').trim() || '-';
}

function encode(document: Node): Uint8Array {
  const plain = (_: string, value: unknown): unknown => (typeof value === 'string' ? printable(value) : value);
  return new TextEncoder().encode(`${JSON.stringify(document, plain, 2)}\n`);
}
