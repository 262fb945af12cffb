/**
 * Community rules that are lists of texts: the part of YARA's language that says "any of these strings". Each string becomes
 * a pattern against folded text, with itself as anchor and example; whatever says more than that is refused, because a rule
 * that is half understood finds something else than its author meant.
 */
import type { ParapetError } from '../../core/errors.ts';
import { fold } from '../normalise.ts';
import * as community from './community.ts';
import type { Draft } from './format.ts';

const RULE = /\brule\s+(\w+)[^{]*\{([\s\S]*?)\bcondition\s*:\s*([^}]*?)\s*\}/g;
const STRING = /^\$\w*\s*=\s*"((?:[^"\\]|\\.)*)"((?:\s+(?:nocase|ascii|wide|fullword))*)$/;

/** One rule for each of the file's. Throws PARAPET_BUNDLE_INVALID naming the one that says more than a list of texts. */
export function fromYara(source: string, ids: community.CommunityIds): Draft {
  const bare = source.replace(/"(?:[^"\\\n]|\\.)*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (found) => (found.startsWith('"') ? found : ' '));
  const signatures = [...bare.matchAll(RULE)].map(([, name = '', body = '', condition = ''], i) => {
    const [meta = '', strings = ''] = body.split(/\bstrings\s*:/);
    const texts = strings.split('\n').flatMap((line) => (line.trim() === '' ? [] : [textOf(line.trim(), name)]));
    const one = /^(?:all of (?:them|\(\$\*\))|\$\w*)$/.test(condition) && texts.length === 1;
    if (texts.length === 0 || !(one || /^(?:any|1) of (?:them|\(\$\*\))$/.test(condition)))
      throw refused(name, `its condition is not "any of them": ${condition.slice(0, 80)}`);
    const said = (field: string) => new RegExp(`\\b${field}\\s*=\\s*"([^"]*)"`).exec(meta)?.[1];
    return {
      id: community.idOf(ids, i),
      version: 1,
      pattern: texts.map(({ pattern }) => pattern).join('|'),
      description: (said('description') ?? name).slice(0, 400),
      threatType: 'prompt_injection' as const,
      ...community.severityOf(said('severity')),
      techniques: ['LLM01'],
      languages: ['any'],
      applies: { direction: 'request' as const },
      anchors: [...new Set(texts.map(({ anchor }) => anchor))],
      positive: texts.slice(0, 20).map(({ text }) => text),
      negative: [community.HARMLESS],
    };
  });
  if (signatures.length === 0) throw refused('the file', 'there is no rule in it');
  return { signatures, disabled: [] };
}

function textOf(line: string, name: string): { text: string; pattern: string; anchor: string } {
  const [, quoted, modifiers = ''] = STRING.exec(line) ?? [];
  if (quoted === undefined) throw refused(name, `only texts in quotes are read: ${line.slice(0, 80)}`);
  const text = quoted.replace(/\\(["\\nt])/g, (_, sign: string) => ({ n: '\n', t: '\t' })[sign] ?? sign);
  const folded = fold(text).trim();
  const escaped = community.escaped(folded);
  // A word's end can only be asked for where a word ends.
  const whole = escaped.replace(/^(?=\w)/, '\\b').replace(/(?<=\w)$/, '\\b');
  const pattern = modifiers.includes('fullword') ? whole : escaped;
  return { text, pattern, anchor: community.rarestWord(folded) };
}

function refused(name: string, why: string): ParapetError {
  return community.refused(name, why, 'Write this rule as docs/signatures.md shows; only lists of texts are converted.');
}
