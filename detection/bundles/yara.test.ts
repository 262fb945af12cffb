import { describe, expect, it } from 'vitest';
import { checkDraft } from './format.ts';
import { fromYara } from './yara.ts';

const SOURCE = `
/* rule Commented { condition: all of them } */
rule PurpleGate : gates {
  meta:
    description = "Asks for the purple gate" // as { seen
    severity = "high"
  strings:
    $a = "Open the purple gate" nocase
    $b = "say \\"mellon\\" (twice)" fullword
  condition:
    any of them
}
rule One { strings: 
  $only = "unlock the cellar"
  condition: $only }
`;
const convert = (source: string) => fromYara(source, { family: 'CR', first: 7 });

describe('a community rule', () => {
  it('that lists texts becomes one of ours, which may run', () => {
    const draft = convert(SOURCE);
    expect(draft.signatures.map(({ id, description, severity, anchors }) => ({ id, description, severity, anchors }))).toEqual([
      { id: 'CR-0007', description: 'Asks for the purple gate', severity: 'high', anchors: ['purple', '"mellon"'] },
      { id: 'CR-0008', description: 'One', severity: 'medium', anchors: ['unlock'] },
    ]);
    expect(() => checkDraft(draft)).not.toThrow();
  });

  it.each([
    ['a condition of its own', SOURCE.replace('any of them', '$a and not $b'), /PurpleGate: its condition/],
    ['texts that must all be there', SOURCE.replace('any of them', 'all of them'), /PurpleGate: its condition/],
    ['one text of several', SOURCE.replace('any of them', '$a'), /PurpleGate: its condition/],
    ['bytes', SOURCE.replace('"unlock the cellar"', '{ 4D 5A }'), /One/],
    ['a pattern', SOURCE.replace('"unlock the cellar"', '/unlock.*/'), /One: only texts/],
    ['nothing', 'hello', /no rule/],
  ])('that has %s is refused by name', (_, source, reason) => {
    expect(() => convert(source)).toThrow(reason);
  });
});
