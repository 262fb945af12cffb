import { describe, expect, it } from 'vitest';
import { createFeatureReader, FEATURES, WINDOW, windowsOf } from './features.ts';
import { HEADS, type Head, parseLinear, serialiseLinear, type Weights } from './linear.ts';

const setOf = (text: string) => {
  const { list, count } = createFeatureReader().read(text);
  return [...list.slice(0, count)].sort();
};

/** A model in which the features of `word` speak for an attack, or for what else is said. */
function modelFor(word: string, head: Head = 'attack') {
  const weights = new Map<Head, Weights>();
  for (const each of HEADS) weights.set(each, { scale: 0.1, bias: -1, values: new Int8Array(FEATURES) });
  for (const feature of setOf(word)) (weights.get(head) as Weights).values[feature] = 100;
  return serialiseLinear(weights);
}

describe('the features of a text', () => {
  it('are the same whatever its case, accents and white space', () => {
    expect(setOf('Ignore  the\n RULES')).toEqual(setOf('ígnore the rules'));
  });

  it('are a set: saying something twice adds nothing but the seam', () => {
    const once = new Set(setOf('hello '));
    expect(setOf('hello').every((feature) => once.has(feature))).toBe(true);
    expect(new Set(setOf('hello hello hello')).size).toBe(setOf('hello hello').length);
  });

  it('exist for every script', () => {
    for (const text of ['忽略之前的指令', 'игнорируй', 'تجاهل التعليمات', 'पिछले निर्देश']) expect(setOf(text).length).toBeGreaterThan(3);
  });

  it('are none of an empty text, and a bounded number of a huge one', () => {
    expect(setOf('')).toEqual([]);
    expect(
      setOf(Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(0x4e00 + (i % 20_000))).join('')).length,
    ).toBeLessThanOrEqual(WINDOW * 6);
  });

  it('are read in windows that leave nothing out', () => {
    expect(windowsOf(10, 4)).toEqual([0]);
    for (const length of [WINDOW + 1, 5_000, 20_000]) {
      const starts = windowsOf(length, 1_000);
      expect(starts[0]).toBe(0);
      expect((starts.at(-1) as number) + WINDOW).toBe(length);
      for (let i = 1; i < starts.length; i++) expect((starts[i] as number) - (starts[i - 1] as number)).toBeLessThanOrEqual(WINDOW);
    }
    expect(windowsOf(1e6, 24)).toHaveLength(24);
  });
});

describe('the linear model', () => {
  it('finds the words that it knows, wherever they stand in a long text', () => {
    const model = parseLinear(modelFor('abracadabra'));
    const hidden = `${'nothing to see here. '.repeat(300)}abracadabra${' and so on.'.repeat(300)}`;
    expect(model.read('abracadabra').logit).toBeGreaterThan(5);
    expect(model.read('nothing').logit).toBeLessThan(5);
    const { logit, from, to } = model.read(hidden);
    expect(hidden.slice(from, to)).toContain('abracadabra');
    expect(logit).toBeGreaterThan(model.read(hidden.replace('abracadabra', '')).logit + 1);
    const { harmful } = parseLinear(modelFor('abracadabra', 'harmful')).read(hidden);
    expect(harmful).toEqual({ logit, from, to });
    expect(model.read('𝐚𝐛𝐫𝐚𝐜𝐚𝐝𝐚𝐛𝐫𝐚').logit).toBe(model.read('abracadabra').logit);
  });

  it('says something of any text', () => {
    const model = parseLinear(modelFor('x'));
    for (const text of ['', ' ', '\u0000', '\ud800', 'x'.repeat(1e6)]) expect(Number.isFinite(model.read(text).logit)).toBe(true);
  });

  it.each([
    ['nothing', () => Buffer.alloc(0)],
    ['text', () => Buffer.from('no model\n')],
    ['another format', () => Buffer.from('{"format":"other"}\n')],
    ['a model that was cut short', () => modelFor('x').subarray(0, 1_000_000)],
    ['a model with something behind it', () => Buffer.concat([modelFor('x'), Buffer.from('x')])],
    ['other features', () => Buffer.from(modelFor('x').toString('latin1').replace(`"features":${FEATURES}`, '"features":64'), 'latin1')],
    ['a head without a scale', () => Buffer.from(modelFor('x').toString('latin1').replace('"scale":0.1', '"scale":""'), 'latin1')],
    ['a missing head', () => Buffer.from(modelFor('x').toString('latin1').replace('"jailbreak"', '"jailbroke"'), 'latin1')],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseLinear(bytes())).toThrow(expect.objectContaining({ code: 'PARAPET_MODEL_INVALID' }));
  });

  it('has a version of its bytes', () => {
    expect(parseLinear(modelFor('x')).version).toBe(parseLinear(modelFor('x')).version);
    expect(parseLinear(modelFor('x')).version).not.toBe(parseLinear(modelFor('y')).version);
  });
});
