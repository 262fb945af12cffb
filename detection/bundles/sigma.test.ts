import { describe, expect, it } from 'vitest';
import { createDetector } from '../index.ts';
import { checkDraft } from './format.ts';
import { segmentOf } from './rules.ts';
import { fromSigma } from './sigma.ts';

const rule = (detection: string, more = '') => `title: Purple gate\nlevel: high\n${more}\ndetection:\n${detection.replace(/^/gm, '  ')}\n`;
const convert = (source: string, near?: number) => fromSigma(source, { family: 'CR', first: 7, near });

/** Ids of the rules that find each text, after they were found fit to run. */
function findings(source: string, texts: readonly string[], near?: number): boolean[] {
  const draft = convert(source, near);
  checkDraft(draft);
  const { inspect } = createDetector({ signatures: draft.signatures });
  return texts.map((text) => inspect([segmentOf({ applies: { direction: 'request' } }, text)]).findings.length > 0);
}

describe('a Sigma rule', () => {
  it('that lists texts becomes one of ours, which may run', () => {
    const source = rule(
      'selection:\n  prompt|contains:\n    - Open the purple gate\n    - \'say "mellon" (twice)\'\ncondition: selection',
      'description: Asks for the gate.\nauthor: A. Gatekeeper\nlicense: MIT\ntags: [owasp.llm06, atlas.aml.t0053, tlp.clear]\nlogsource: { category: llm }',
    );
    const { signatures } = convert(source);
    expect(signatures).toMatchObject([
      {
        id: 'CR-0007',
        description: 'Purple gate: Asks for the gate. (A. Gatekeeper, MIT)',
        severity: 'high',
        techniques: ['LLM06', 'AML.T0053'],
        applies: { direction: 'request' },
        anchors: ['purple', '"mellon"'],
        positive: ['Open the purple gate', 'say "mellon" (twice)'],
      },
    ]);
    expect(findings(source, ['please OPEN the  purple gate now', 'open a purple gate'])).toEqual([true, false]);
  });

  it('asks for beginnings, ends and whole texts, wherever the words stand in a long one', () => {
    const long = 'and so it goes on and on. '.repeat(60);
    const gate = 'open the purple gate';
    const texts = [gate, `${gate} now`, `now ${gate}`, `${long}${gate}`, `${gate} ${long}`, `${long}${gate} ${long}`];
    const found = (field: string) => findings(rule(`selection:\n  ${field}: ${gate}\ncondition: selection`), texts);
    expect(found('prompt|startswith')).toEqual([true, true, false, false, true, false]);
    expect(found('prompt|endswith')).toEqual([true, false, true, true, false, false]);
    expect(found('prompt')).toEqual([true, false, false, false, false, false]);
    expect(findings(rule(`selection:\n  prompt: '*purple g?te*'\ncondition: selection`), texts)).toEqual(texts.map(() => true));
  });

  it('is any of its selections, keywords and several documents', () => {
    const some = rule(
      'keywords:\n  - mellon\nsel_a:\n  prompt|contains: purple gate\nsel_b:\n  - prompt|contains: cellar\ncondition: keywords or 1 of sel_*',
    );
    expect(findings(some, ['Mellon!', 'a purple gate', 'the cellar', 'the gate'])).toEqual([true, true, true, false]);
    const { signatures } = convert(`${rule('k: [mellon]\ncondition: k')}---\n${rule('k: [cellar]\ncondition: 1 of them')}`);
    expect(signatures.map(({ id, applies }) => [id, applies.direction])).toEqual([
      ['CR-0007', 'both'],
      ['CR-0008', 'both'],
    ]);
  });

  it('with a pattern reads text as it was sent, and brings its example', () => {
    const source = rule(
      "s:\n  prompt|re: 'GATE-[0-9]{4} open'\ncondition: s",
      "examples:\n  positive: ['GATE-1234 open']\n  negative: ['gate-1234 open']",
    );
    expect(findings(source, ['say GATE-0007 open', 'say gate-0007 open'])).toEqual([true, false]);
    expect(() => convert(source.replace(/examples:[\s\S]*?detection/, 'detection'))).toThrow(/examples.positive/);
  });

  it('asks for several texts together only when it is told how near', () => {
    const far = 'it goes on. '.repeat(40);
    const all = rule('s:\n  prompt|contains|all: [purple gate, mellon, the password]\ncondition: s');
    expect(() => convert(all)).toThrow(/Purple gate: it asks for several texts.*--near/);
    const texts = [
      'the password is mellon, purple gate',
      'purple gate: mellon is the password',
      'purple gate and mellon',
      `purple gate ${far} mellon the password`,
    ];
    expect(findings(all, texts, 100)).toEqual([true, true, false, false]);

    const not = rule(
      's:\n  prompt|contains: purple gate\nfilter:\n  prompt|contains: [museum, painting]\ncondition: s and not 1 of filter*',
    );
    expect(() => convert(not)).toThrow(/must not be there.*--near/);
    expect(
      findings(not, ['open the purple gate', 'a painting of a purple gate', 'purple gate, a painting', `painting ${far} purple gate`], 100),
    ).toEqual([true, false, false, true]);
  });

  const SELECTION = 's:\n  prompt|contains: purple gate\n';
  it.each([
    ['a count', `${SELECTION}condition: 2 of them`, /counts "2 of"/],
    ['an aggregation', `${SELECTION}condition: s | count() > 5`, /says more than/],
    ['a selection that nobody asks for', `${SELECTION}filter:\n  prompt|contains: museum\ncondition: s`, /does not ask for filter/],
    ['a selection that is not there', `${SELECTION}condition: s or t`, /asks for "t"/],
    ['a time frame', `${SELECTION}timeframe: 5m\ncondition: s`, /time frame/],
    ['another field', 's:\n  CommandLine|contains: gate\ncondition: s', /no field CommandLine/],
    ['another modifier', 's:\n  prompt|base64offset|contains: gate\ncondition: s', /modifier/],
    ['only what must not be there', `${SELECTION}condition: not s`, /only says what must not/],
    ['a gap of any length', "s:\n  prompt|contains: 'purple*gate'\ncondition: s", /gap of any length/],
    ['an empty value', 's:\n  prompt|contains:\ncondition: s', /must be a text/],
    ['a word too short', "s:\n  prompt|contains: 'ab'\ncondition: s", /three characters/],
    ['a pattern without a word', "s:\n  prompt|re: '[0-9]{4}'\ncondition: s", /no word of three letters/],
    ['no condition', SELECTION, /no condition/],
    ['texts and patterns together', `${SELECTION}r:\n  prompt|re: mellon\ncondition: s and r`, /several texts/],
    ['a bracket too few', `${SELECTION}condition: (s`, /bracket/],
  ])('with %s is refused by name', (_, detection, reason) => {
    expect(() => convert(rule(detection))).toThrow(reason);
    expect(() => convert(rule(detection))).toThrow(/^Purple gate: /);
  });

  it.each([
    ['of another log', rule(`${SELECTION}condition: s`, 'logsource: { product: windows }'), /log source is windows/],
    ['that is a correlation', 'title: Many\ncorrelation: { type: event_count }', /Many: it is a correlation/],
    ['that is no YAML', 'title: [', /not YAML/],
    ['that is not there', '', /no rule/],
  ])('%s is refused', (_, source, reason) => {
    expect(() => convert(source)).toThrow(reason);
  });

  it('with a slow pattern is refused like any other', () => {
    const slow = rule("s:\n  prompt|re: 'purple.*gate'\ncondition: s", 'examples: { positive: [purple gate] }');
    expect(() => checkDraft(convert(slow))).toThrow(/would be slow/);
  });
});
