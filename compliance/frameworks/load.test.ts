import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import { listFrameworks, loadFramework, SHIPPED_FRAMEWORKS } from './load.ts';

const CHECK_IDS: ReadonlySet<string> = new Set(CHECKS.map(({ id }) => id));
const requirement = {
  id: '1.1',
  section: '1',
  title: 'Everything is logged',
  text: 'Every use of AI is logged.',
  checks: ['logging.complete'],
};
const good = {
  id: 'HOUSE-RULES',
  version: '2026',
  revision: 1,
  title: 'Our rules',
  publisher: 'Example Ltd',
  source: 'Intranet',
  sections: [{ id: '1', title: 'Operation' }],
  requirements: [requirement],
};
const withRequirement = (changes: object) => ({ ...good, requirements: [{ ...requirement, ...changes }] });
const four = { en: 'Log', de: 'Protokoll', fr: 'Journal', es: 'Registro' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-frameworks-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(content: unknown, name = 'house.json'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const sources = { checks: CHECK_IDS };
const load = (content: unknown) => loadFramework(file(content), sources);
function refusal(content: unknown): string {
  try {
    load(content);
  } catch (error) {
    expect(error).toMatchObject({ code: 'PARAPET_FRAMEWORK_INVALID' });
    return (error as Error).message;
  }
  throw new Error('it was taken');
}

describe('a framework of a customer', () => {
  it('may say a text once for every reader, or in each language', () => {
    const { title, requirements } = load(withRequirement({ title: four }));
    expect(title).toEqual({ en: 'Our rules', de: 'Our rules', fr: 'Our rules', es: 'Our rules' });
    expect(requirements[0]?.title).toEqual(four);
  });

  it('may be related to a shipped requirement and to one of its own', () => {
    const second = { ...requirement, id: '1.2', related: ['HOUSE-RULES/1.1', 'EU-AI-ACT/12(1)', 'NIST-AI-RMF/GOVERN 1.1'] };
    expect(load({ ...good, requirements: [requirement, second] }).requirements[1]?.related).toEqual(second.related);
  });

  it('is found by its id in the folder, after the shipped ones', () => {
    file(good, 'b.json');
    file({ ...good, id: 'OTHER' }, 'a.json');
    file('not a framework', 'notes.txt');
    expect(listFrameworks({ ...sources, folder }).map(({ id }) => id)).toEqual([...SHIPPED_FRAMEWORKS, 'OTHER', 'HOUSE-RULES']);
    expect(loadFramework('HOUSE-RULES', { ...sources, folder }).publisher).toBe('Example Ltd');
  });

  it.each([
    ['text that is not JSON', '{', /it is not JSON/],
    ['no object', null, /the file: /],
    ['a list', [], /the file: /],
    ['an unknown field', { ...good, colour: 'red' }, /the file: .*colour/],
    ['an unknown field of a requirement', withRequirement({ attest: 1 }), /1\.1: .*attest/],
    ['a language that is missing', withRequirement({ text: { en: 'a', de: 'b', fr: 'c' } }), /1\.1\.text\.es: /],
    ['a language that is unknown', withRequirement({ text: { ...four, it: 'e' } }), /1\.1\.text: .*it/],
    ['an empty text', withRequirement({ text: ' ' }), /1\.1\.text\.en: /],
    ['an id that is no word', { ...good, id: 'our rules' }, /id: must be letters/],
    ['no sections', { ...good, sections: [] }, /sections: /],
    ['no requirements', { ...good, requirements: [] }, /requirements: /],
    ['a section that stands twice', { ...good, sections: [...good.sections, ...good.sections] }, /section 1 stands twice/],
    ['a requirement that stands twice', { ...good, requirements: [requirement, requirement] }, /requirement 1\.1 stands twice/],
    ['an unknown section', withRequirement({ section: '7' }), /1\.1: there is no section 7/],
    ['an unknown check', withRequirement({ checks: ['logging.complet'] }), /1\.1: there is no check logging\.complet/],
    [
      'a check that stands twice',
      withRequirement({ checks: ['logging.complete', 'logging.complete'] }),
      /check logging\.complete stands twice/,
    ],
    ['an unknown relation', withRequirement({ related: ['SOC2/CC77.7'] }), /1\.1: there is no requirement SOC2\/CC77\.7/],
    ['a relation to itself', withRequirement({ related: ['HOUSE-RULES/1.1'] }), /1\.1: it is related to itself/],
    ['a date that is none', withRequirement({ effectiveFrom: '2026-02-30' }), /1\.1\.effectiveFrom: /],
    [
      'an end before its begin',
      withRequirement({ effectiveFrom: '2026-05-01', effectiveUntil: '2026-04-01' }),
      /it ends .* before it begins/,
    ],
    ['a requirement without an answer', withRequirement({ checks: [] }), /1\.1: it has no checks, attestation, needs or notCovered/],
    ['one that is answered and not covered', withRequirement({ notCovered: 'No.' }), /it is answered and says that it is not covered/],
    ['an unknown part', withRequirement({ needs: ['luck'] }), /1\.1\.needs\.0: /],
    [
      'a statement without an expiry',
      withRequirement({ attestation: { statement: 'Yes.', role: 'hr' } }),
      /1\.1\.attestation\.validDays: /,
    ],
    ['an id of a shipped framework', { ...good, id: 'SOC2' }, /SOC2 is one of Parapet/],
  ])('is refused with %s', (_, content, message) => {
    expect(refusal(content)).toMatch(message);
  });

  it('is refused with every mistake at once, wrong fields and wrong references together', () => {
    const bad = { ...good, revision: 0, requirements: [{ ...requirement, section: '9', checks: ['a.b', 'c.d'], colour: 'red' }] };
    expect(refusal(bad)).toMatch(/revision: [\s\S]*1\.1: .*colour[\s\S]*no section 9[\s\S]*no check a\.b[\s\S]*no check c\.d/);
  });

  it('is refused when two files of the folder have one id', () => {
    file(good, 'a.json');
    file(good, 'b.json');
    expect(() => listFrameworks({ ...sources, folder })).toThrow(/b\.json: its id HOUSE-RULES is the one of a\.json/);
  });

  it('is told when its file or its folder cannot be read', () => {
    const missing = join(folder, 'none');
    const code = expect.objectContaining({ code: 'PARAPET_FRAMEWORK_INVALID' });
    expect(() => loadFramework(`${missing}.json`, sources)).toThrow(code);
    expect(() => listFrameworks({ ...sources, folder: missing })).toThrow(code);
  });

  it('that does not exist is answered with those that do', () => {
    file(good);
    expect(() => loadFramework('NIST', { ...sources, folder })).toThrow(/there are NIST-AI-RMF, .*GDPR, HOUSE-RULES/);
  });
});

describe('a shipped framework', () => {
  it('is refused when one of its checks is gone', () => {
    const checks = new Set(CHECK_IDS);
    checks.delete('logging.unbroken');
    expect(() => loadFramework('EU-AI-ACT', { checks })).toThrow(/12\(1\): there is no check logging\.unbroken/);
  });
});
