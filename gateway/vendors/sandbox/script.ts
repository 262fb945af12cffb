/**
 * What the sandbox answers, decided once and in no vendor's format: the same request always gets the same answer.
 * Subtle: the seed is a hash of a bounded part of the request, so that a long prompt costs a benchmark nothing.
 */
import type { Directives } from './directives.ts';

/** What both formats' requests come down to. */
export interface Ask {
  model: string;
  stream: boolean;
  /** The last user text, without directives. */
  text: string;
  /** Texts of the tool results that end the conversation; empty when it does not end in one. */
  toolResults: string[];
  tools: string[];
  toolChoice: 'auto' | 'none' | 'required' | { name: string };
  parallelTools: boolean;
  maxTokens: number | undefined;
  stops: string[];
  reasons: boolean;
  images: number;
  /** Characters of the whole prompt. */
  promptChars: number;
  choices: number;
  streamUsage: boolean;
}

export interface Plan {
  /** Lower-case hex, for the vendor's own id prefix. */
  seed: string;
  model: string;
  reasoning: string;
  text: string;
  textPieces: string[];
  calls: { id: string; name: string; arguments: string; argumentPieces: string[] }[];
  finish: 'stop' | 'length' | 'tools' | 'stop_sequence';
  stopSequence: string | undefined;
  choices: number;
  /** `input` counts all input tokens; `cached` and `written` are parts of it, `reasoning` is a part of `output`. */
  usage: { input: number; cached: number; written: number; output: number; reasoning: number } | undefined;
}

const SENTENCES = [
  'The harbour wakes before the town does.',
  'Every ledger wants a second reader.',
  'Straße, café, naïve: words with luggage. 🚢',
  'A short answer is often the honest one.',
  'Rain makes the slate roofs shine like fish.',
  '静かな海に小さな舟が浮かぶ。',
  'Nobody counts the stairs on the way down.',
  'The map is folded where the road is worn.',
];
const CHARS_PER_TOKEN = 4;
/** From this prompt length on, half of the input is reported as cached and a quarter as written to the cache. */
const CACHE_FROM_CHARS = 400;
const REASONING = 'First I look at the question, then at what it leaves out.';

export function plan(ask: Ask, directives: Partial<Directives>): Plan {
  const seed = hash(`${ask.model}|${ask.promptChars}|${ask.text.slice(0, 256)}|${ask.toolResults.join('|').slice(0, 256)}`);
  const calls = callsOf(ask, seed);
  let text = calls.length > 0 ? '' : textOf(ask, directives, seed);
  let finish: Plan['finish'] = calls.length > 0 ? 'tools' : 'stop';

  const stop = earliestStop(text, ask.stops);
  if (stop !== undefined) {
    text = text.slice(0, stop.at);
    finish = 'stop_sequence';
  }
  if (ask.maxTokens !== undefined && calls.length === 0 && text.length > ask.maxTokens * CHARS_PER_TOKEN) {
    text = cutAt(text, ask.maxTokens * CHARS_PER_TOKEN);
    finish = 'length';
  }
  const input = Math.ceil(ask.promptChars / CHARS_PER_TOKEN) + 8;
  const cached = ask.promptChars >= CACHE_FROM_CHARS ? Math.floor(input / 2) : 0;
  const reasoning = ask.reasons ? Math.ceil(REASONING.length / CHARS_PER_TOKEN) : 0;
  const said = text.length + calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
  return {
    seed: hex(seed),
    model: ask.model,
    reasoning: ask.reasons ? REASONING : '',
    text,
    textPieces: pieces(text, directives.chunks ?? Math.max(1, Math.ceil(text.length / 24))),
    calls,
    finish,
    stopSequence: finish === 'stop_sequence' ? stop?.text : undefined,
    choices: ask.choices,
    usage:
      directives.no_usage === undefined || directives.no_usage === 0
        ? {
            input,
            cached,
            written: cached === 0 ? 0 : Math.floor(input / 4),
            output: Math.ceil(said / CHARS_PER_TOKEN) + reasoning,
            reasoning,
          }
        : undefined,
  };
}

/** Tools are called when the choice demands it, or when the user's text names them or says "use the tool". */
function callsOf(ask: Ask, seed: number): Plan['calls'] {
  if (ask.tools.length === 0 || ask.toolChoice === 'none' || ask.toolResults.length > 0) return [];
  let names = ask.tools.filter((name) => ask.text.includes(name));
  if (typeof ask.toolChoice === 'object') names = [ask.toolChoice.name];
  else if (names.length === 0 && (ask.toolChoice === 'required' || ask.text.includes('use the tool'))) names = ask.tools.slice(0, 1);
  if (!ask.parallelTools) names = names.slice(0, 1);
  return names.map((name, i) => {
    const args = JSON.stringify({ query: ask.text.slice(0, 40), place: 'Zürich', n: i });
    return { id: `${hex(seed)}${i}`, name, arguments: args, argumentPieces: pieces(args, 3) };
  });
}

function textOf(ask: Ask, directives: Partial<Directives>, seed: number): string {
  if (directives.echo) return ask.text;
  let text = '';
  if (ask.toolResults.length > 0) text = `The tools said: ${ask.toolResults.join(' | ')}. `;
  if (ask.images > 0) text += `I see ${ask.images} image${ask.images === 1 ? '' : 's'}. `;
  const length = directives.text_chars;
  for (let i = 0; length === undefined ? i < 3 : text.length < length; i++) {
    text += `${i === 0 ? '' : ' '}${SENTENCES[(seed + i * 3) % SENTENCES.length] ?? ''}`;
  }
  return length === undefined ? text : cutAt(text, length);
}

function earliestStop(text: string, stops: string[]): { at: number; text: string } | undefined {
  let found: { at: number; text: string } | undefined;
  for (const stop of stops) {
    const at = stop === '' ? -1 : text.indexOf(stop);
    if (at !== -1 && (found === undefined || at < found.at)) found = { at, text: stop };
  }
  return found;
}

/** The first `length` UTF-16 units, less a half of a surrogate pair. */
function cutAt(text: string, length: number): string {
  const end = length > 0 && isHighSurrogate(text.charCodeAt(length - 1)) ? length - 1 : length;
  return text.slice(0, end);
}

/** About `count` pieces, none of which ends within a character. */
function pieces(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, count)));
  const out: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + size);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end++;
    out.push(text.slice(at, end));
    at = end;
  }
  return out;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
