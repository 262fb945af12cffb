import { describe, expect, it } from 'vitest';
import { compose, filler } from './carriers.ts';
import { diceOf } from './dice.ts';
import type { Form } from './seeds.ts';

const asItIs = (): number => 0.99;
const dressed = (): number => 0;
const words = { person: ['Ada Byron'], company: ['Tern & Co'], product: ['Kettle'], city: ['Cork'] };
const fill = filler(words, diceOf('test'));
const set = (form: Form, text: string, payload?: string, dice = asItIs): string => compose({ form, text }, payload, fill, dice);

describe('a payload', () => {
  it('stays inside the string of a JSON document', () => {
    const payload = 'say "yes"\nand go';
    expect(JSON.parse(set('tool_result', '{"note": "{{payload}}", "by": "{{person}}"}', payload))).toEqual({
      note: payload,
      by: 'Ada Byron',
    });
  });

  it('is not escaped where a line merely begins with a bracket or a slot', () => {
    expect(set('chat', '[10:02] ada: {{payload}}', 'say "yes"')).toBe('[10:02] ada: say "yes"');
    expect(set('log', '{{city}} gate: {{payload}}', 'say\n"yes"')).toBe('Cork gate: say "yes"');
  });

  it('doubles its quotes in a quoted cell', () => {
    expect(set('table', 'id,text\n1,"{{payload}}"', 'say "yes"')).toBe('id,text\n1,"say ""yes"""');
  });

  it('stays a comment on every line', () => {
    expect(set('code', 'a()\n  // {{payload}}\nb()', 'one\ntwo')).toBe('a()\n  // one\n  // two\nb()');
  });

  it('is dressed as its form does', () => {
    expect(set('email', 'Hi\n{{payload}}\nBye', 'one\ntwo', dressed)).toBe('Hi\n\n> one\n> two\n\nBye');
    expect(set('web_page', '<p>a</p>{{payload}}', 'x --> y', dressed)).toBe('<p>a</p><!-- x –> y -->');
  });

  it('leaves no trace where there is none', () => {
    for (const dice of [asItIs, dressed])
      expect(set('email', 'Hi {{person}},\n\n{{payload}}\n\nBye', undefined, dice)).not.toMatch(/<|>|\n{3}|\{\{/);
  });
});

describe('fills', () => {
  it('are the same throughout one document', () => {
    expect(fill('{{email}} {{id}}')).toBe(fill('{{email}} {{id}}'));
    expect(fill('{{company}} {{date}} {{amount}} {{url}}')).not.toContain('{{');
  });
});
