import { describe, expect, it } from 'vitest';
import { readFrameworksPage } from '../../docs/generate.ts';
import { CHECKS } from '../checks/index.ts';
import { type Framework, LANGUAGES, type Localized } from '../types.ts';
import { coverageTable } from './coverage.ts';
import { listFrameworks, loadFramework, SHIPPED_FRAMEWORKS } from './load.ts';
import { coverageLines, withCoverage } from './page.ts';

const CHECK_IDS: ReadonlySet<string> = new Set(CHECKS.map(({ id }) => id));
const all = listFrameworks({ checks: CHECK_IDS });
const framework = (id: string) => loadFramework(id, { checks: CHECK_IDS });
const idsOf = (id: string) => framework(id).requirements.map((requirement) => requirement.id);

/** `GOVERN 1` with 7: `GOVERN 1.1` to `GOVERN 1.7`. */
const numbered = (counts: Readonly<Record<string, number>>, from = 1) =>
  Object.entries(counts).flatMap(([prefix, last]) => Array.from({ length: last - from + 1 }, (_, index) => `${prefix}.${index + from}`));

describe('the shipped frameworks', () => {
  it('hold every subcategory of the NIST AI RMF, in its order', () => {
    const counts = {
      ...{ 'GOVERN 1': 7, 'GOVERN 2': 3, 'GOVERN 3': 2, 'GOVERN 4': 3, 'GOVERN 5': 2, 'GOVERN 6': 2 },
      ...{ 'MAP 1': 6, 'MAP 2': 3, 'MAP 3': 5, 'MAP 4': 2, 'MAP 5': 2 },
      ...{ 'MEASURE 1': 3, 'MEASURE 2': 13, 'MEASURE 3': 3, 'MEASURE 4': 3 },
      ...{ 'MANAGE 1': 4, 'MANAGE 2': 4, 'MANAGE 3': 2, 'MANAGE 4': 3 },
    };
    expect(idsOf('NIST-AI-RMF')).toEqual(numbered(counts));
    expect(idsOf('NIST-AI-RMF')).toHaveLength(72);
    expect(framework('NIST-AI-RMF').sections.map(({ id }) => id)).toEqual(Object.keys(counts));
    const byFunction = ['GOVERN', 'MAP', 'MEASURE', 'MANAGE'].map(
      (name) => idsOf('NIST-AI-RMF').filter((id) => id.startsWith(name)).length,
    );
    expect(byFunction).toEqual([19, 18, 22, 13]);
  });

  it('hold the clauses of ISO/IEC 42001 and the 38 controls of its Annex A', () => {
    const controls = numbered(
      {
        ...{ 'A.2': 4, 'A.3': 3, 'A.4': 6, 'A.5': 5, 'A.6.1': 3, 'A.6.2': 8 },
        ...{ 'A.7': 6, 'A.8': 5, 'A.9': 4, 'A.10': 4 },
      },
      2,
    );
    const clauses = '4.1 4.2 4.3 4.4 5.1 5.2 5.3 6.1.1 6.1.2 6.1.3 6.1.4 6.2 6.3 7.1 7.2 7.3 7.4 7.5 8.1 8.2 8.3 8.4 9.1 9.2 9.3 10.1 10.2';
    expect(controls).toHaveLength(38);
    expect(idsOf('ISO-42001')).toEqual([...clauses.split(' '), ...controls]);
  });

  it('hold the 61 trust services criteria', () => {
    const common = numbered({ CC1: 5, CC2: 3, CC3: 4, CC4: 2, CC5: 3, CC6: 8, CC7: 5, CC8: 1, CC9: 2 });
    const rest = numbered({ A1: 3, C1: 2, PI1: 5, P1: 1, P2: 1, P3: 2, P4: 3, P5: 2, P6: 7, P7: 1, P8: 1 });
    expect([common.length, common.length + rest.length]).toEqual([33, 61]);
    expect(idsOf('SOC2')).toEqual([...common, ...rest]);
  });

  it('hold the paragraphs of the AI Act that are about providers and deployers, with the dates of the amended Article 113', () => {
    const ids = [
      ...'9(1) 9(2)(a) 9(2)(b) 9(2)(c) 9(2)(d) 9(5) 9(6) 9(8) 10(1) 10(2) 10(3) 11(1)'.split(' '),
      ...'12(1) 12(2)(a) 12(2)(b) 12(2)(c) 12(3) 13(1) 13(2) 13(3)(d) 13(3)(f)'.split(' '),
      ...'14(1) 14(2) 14(4)(a) 14(4)(b) 14(4)(c) 14(4)(d) 14(4)(e) 15(1) 15(3) 15(4) 15(5) 19(1)'.split(' '),
      ...'26(1) 26(2) 26(4) 26(5) 26(6) 26(7) 26(9) 26(11) 26(12)'.split(' '),
      ...'50(1) 50(2) 50(3) 50(4) 50(5) 72(1) 72(2) 72(3) 73(1) 73(2) 73(3) 73(4) 73(5) 73(6)'.split(' '),
    ];
    expect(idsOf('EU-AI-ACT')).toEqual(ids);
    for (const { id, effectiveFrom } of framework('EU-AI-ACT').requirements) {
      expect(effectiveFrom, id).toBe(/^(50|72|73)\(/.test(id) ? '2026-08-02' : '2027-12-02');
    }
  });

  it('hold the points of the GDPR', () => {
    const points = [
      ...'5(1)(a) 5(1)(b) 5(1)(c) 5(1)(d) 5(1)(e) 5(1)(f) 5(2) 17(1) 17(2) 17(3)'.split(' '),
      ...'30(1)(a) 30(1)(b) 30(1)(c) 30(1)(d) 30(1)(e) 30(1)(f) 30(1)(g) 30(2) 30(3) 30(4)'.split(' '),
      ...'32(1)(a) 32(1)(b) 32(1)(c) 32(1)(d) 32(2) 32(4) 33(1) 33(2) 33(3) 33(4) 33(5)'.split(' '),
    ];
    expect(idsOf('GDPR')).toEqual(points);
  });

  it('keep the words of NIST', () => {
    const text = (id: string) => framework('NIST-AI-RMF').requirements.find((requirement) => requirement.id === id)?.text.en;
    expect(text('GOVERN 1.1')).toBe('Legal and regulatory requirements involving AI are understood, managed, and documented.');
    expect(text('MEASURE 2.4')).toBe(
      'The functionality and behavior of the AI system and its components – as identified in the MAP function – are monitored when in production.',
    );
    expect(text('MANAGE 4.3')).toBe(
      'Incidents and errors are communicated to relevant AI actors, including affected communities. Processes for tracking, responding to, and recovering from incidents and errors are followed and documented.',
    );
  });

  it('leave no section empty', () => {
    for (const each of all) {
      for (const { id, counts } of coverageTable(each).sections) expect(counts.total, `${each.id} ${id}`).toBeGreaterThan(0);
    }
  });

  it('say everything in four languages, and no text twice', () => {
    for (const [place, text] of all.flatMap(textsOf)) {
      const said = LANGUAGES.map((language) => text[language]);
      for (const each of said) expect(each.length, place).toBeGreaterThan(1);
      // A word such as `Communication` may be the same in two languages; a sentence may not.
      if (/ \S+ /.test(text.en)) expect(new Set(said).size, `${place}: ${text.en}`).toBe(LANGUAGES.length);
      else expect(new Set(said).size, `${place}: ${text.en}`).toBeGreaterThan(1);
    }
  });

  it('give every requirement its own title and text', () => {
    for (const { id, requirements } of all) {
      for (const language of LANGUAGES) {
        const texts = requirements.map(({ text }) => text[language]);
        expect(
          texts.filter((text, index) => texts.indexOf(text) !== index),
          `${id} ${language}`,
        ).toEqual([]);
      }
    }
  });

  it('are related to each other in both directions, and never to themselves', () => {
    const relations = all.flatMap(({ id, requirements }) =>
      requirements.flatMap((requirement) => (requirement.related ?? []).map((other) => [`${id}/${requirement.id}`, other] as const)),
    );
    const pairs = new Set(relations.map((pair) => pair.join(' ')));
    expect(pairs.size).toBe(relations.length);
    expect(pairs.size).toBeGreaterThan(200);
    expect(relations.filter(([from, to]) => !pairs.has(`${to} ${from}`))).toEqual([]);
    expect(relations.filter(([from, to]) => from.split('/')[0] === to.split('/')[0])).toEqual([]);
  });

  it('ask for every check somewhere', () => {
    const asked = new Set(all.flatMap(({ requirements }) => requirements.flatMap(({ checks }) => checks)));
    // `needs` asks for the parts that do not exist yet.
    const needed = all.flatMap(({ requirements }) => requirements.flatMap(({ needs = [] }) => needs.map((part) => `governance.${part}`)));
    for (const check of needed) asked.add(check);
    expect([...CHECK_IDS].filter((check) => !asked.has(check))).toEqual([]);
  });

  it('are listed in their order', () => {
    expect(all.map(({ id }) => id)).toEqual([...SHIPPED_FRAMEWORKS]);
  });
});

describe('the page about frameworks', () => {
  it('counts coverage as the files have it (npm run docs)', () => {
    expect(readFrameworksPage()).toBe(withCoverage(readFrameworksPage()));
    for (const each of all) {
      const { automated, partly, attested, not_covered, total } = coverageTable(each).all;
      expect(readFrameworksPage()).toContain(`| ${total} | ${automated} | ${partly} | ${attested} | ${not_covered} |`);
    }
    expect(coverageLines().split('\n')).toHaveLength(2 + all.length);
  });
});

function textsOf(each: Framework): [string, Localized][] {
  return [
    [each.id, each.title],
    ...each.sections.map(({ id, title }): [string, Localized] => [`${each.id} ${id}`, title]),
    ...each.requirements.flatMap(({ id, title, text, attestation, notCovered }) =>
      [title, text, attestation?.statement, notCovered]
        .filter((localized) => localized !== undefined)
        .map((localized): [string, Localized] => [`${each.id} ${id}`, localized]),
    ),
  ];
}
