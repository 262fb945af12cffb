/**
 * Chat completion chunks as canonical events. Subtle: the pieces of parallel tool calls belong together by `index`,
 * which some compatible vendors leave out or reuse; a new id then means a new call, and a piece without either
 * belongs to the call before it.
 */
import { isAbsent, isObject, type JsonObject } from '../../wire/fields.ts';
import { parseFinishReason, parseUsage } from '../../wire/openai-chat/usage.ts';
import type { StreamEvent } from '../../wire/types.ts';
import { vendorGarbage, vendorStreamFailure } from '../errors.ts';
import type { VendorStreamParser } from '../types.ts';

interface CallState {
  part: number;
  id: string;
  /** Arguments that came before the name; undefined once the call was started. */
  waiting: string | undefined;
}

interface ChoiceState {
  nextPart: number;
  parts: Map<string, number>;
  calls: Map<number, CallState>;
  lastCall: number;
  finished: boolean;
}

export function createStreamParser(vendor: string): VendorStreamParser {
  const choices = new Map<number, ChoiceState>();
  let started = false;

  function stateOf(index: number): ChoiceState {
    let state = choices.get(index);
    if (state === undefined) {
      state = { nextPart: 0, parts: new Map(), calls: new Map(), lastCall: -1, finished: false };
      choices.set(index, state);
    }
    return state;
  }

  function pushChoice(out: StreamEvent[], raw: unknown, position: number): void {
    if (!isObject(raw)) throw vendorGarbage(vendor, 'a choice of a chunk is not an object.');
    const choice = typeof raw['index'] === 'number' ? raw['index'] : position;
    const state = stateOf(choice);
    if (isObject(raw['delta'])) pushDelta(out, raw['delta'], choice, state);
    // Some compatible vendors send an empty reason until there is one.
    if (typeof raw['finish_reason'] === 'string' && raw['finish_reason'] !== '' && !state.finished) {
      state.finished = true;
      startNameless(out, choice, state);
      out.push({ type: 'finish', choice, reason: parseFinishReason(raw['finish_reason']) });
    }
  }

  return {
    push({ data }) {
      if (data === '') return [];
      if (data.startsWith('[DONE]')) return [{ type: 'end' }];
      const chunk = parseChunk(data, vendor);
      const failure = chunk['error'] ?? (chunk['object'] === 'error' ? chunk : undefined);
      if (!isAbsent(failure)) return [{ type: 'error', error: vendorStreamFailure(vendor, failure) }];
      const list = chunk['choices'] ?? [];
      if (!Array.isArray(list)) throw vendorGarbage(vendor, 'the choices of a chunk are not an array.');
      const out: StreamEvent[] = [];
      const usage = parseUsage(chunk['usage']);
      // Azure opens with a chunk that has neither choice nor id: nothing has begun yet.
      if (!started && (list.length > 0 || usage !== undefined)) {
        started = true;
        out.push(startOf(chunk));
      }
      list.forEach((choice, i) => {
        pushChoice(out, choice, i);
      });
      if (usage !== undefined) out.push({ type: 'usage', usage });
      return out;
    },
  };
}

/**
 * Whether this frame's data is the usage chunk that closes a stream: usage and no choice. The gateway always asks the
 * vendor for it; a client that did not ask is not shown it. Frames that cannot be one cost a text search, no parse.
 */
export function isUsageOnlyChunk(data: string): boolean {
  if (!data.includes('"usage"') || !/"choices"\s*:\s*\[\s*\]/.test(data)) return false;
  try {
    const chunk: unknown = JSON.parse(data);
    return isObject(chunk) && Array.isArray(chunk['choices']) && chunk['choices'].length === 0 && isObject(chunk['usage']);
  } catch {
    // Not JSON, so not a usage chunk: the stream parser is the one to report it.
    return false;
  }
}

function parseChunk(data: string, vendor: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw vendorGarbage(vendor, 'a stream event is not JSON.', cause);
  }
  if (!isObject(value)) throw vendorGarbage(vendor, 'a stream event is not an object.');
  return value;
}

function startOf(chunk: JsonObject): StreamEvent {
  const id = typeof chunk['id'] === 'string' ? chunk['id'] : '';
  const model = typeof chunk['model'] === 'string' ? chunk['model'] : '';
  return typeof chunk['created'] === 'number'
    ? { type: 'start', id, model, createdSeconds: chunk['created'] }
    : { type: 'start', id, model };
}

function pushDelta(out: StreamEvent[], delta: JsonObject, choice: number, state: ChoiceState): void {
  const reasoning = delta['reasoning_content'] ?? delta['reasoning'];
  if (typeof reasoning === 'string' && reasoning !== '') {
    out.push({ type: 'reasoning', choice, part: partOf(state, 'reasoning'), text: reasoning });
  }
  const content = delta['content'];
  if (typeof content === 'string') {
    if (content !== '') out.push({ type: 'text', choice, part: partOf(state, 'text'), text: content });
  } else if (!isAbsent(content)) {
    pushContentParts(out, content, choice, state);
  }
  const refusal = delta['refusal'];
  if (typeof refusal === 'string' && refusal !== '') {
    out.push({ type: 'refusal', choice, part: partOf(state, 'refusal'), text: refusal });
  }
  if (isObject(delta['audio'])) {
    out.push({ type: 'other', choice, part: state.nextPart++, kind: 'audio', json: JSON.stringify(delta['audio']) });
  }
  if (Array.isArray(delta['tool_calls'])) {
    for (const call of delta['tool_calls']) if (isObject(call)) pushCall(out, call, choice, state);
  }
  if (isObject(delta['function_call'])) {
    pushCall(out, { index: 0, id: `function_call_${choice}`, function: delta['function_call'] }, choice, state);
  }
}

/** Content as an array of parts, as Mistral's reasoning models stream it. */
function pushContentParts(out: StreamEvent[], content: unknown, choice: number, state: ChoiceState): void {
  for (const item of Array.isArray(content) ? content : [content]) {
    if (isObject(item) && item['type'] === 'text' && typeof item['text'] === 'string') {
      out.push({ type: 'text', choice, part: partOf(state, 'text'), text: item['text'] });
    } else if (isObject(item) && item['type'] === 'thinking' && Array.isArray(item['thinking'])) {
      const text = item['thinking'].map((piece) => (isObject(piece) && typeof piece['text'] === 'string' ? piece['text'] : '')).join('');
      out.push({ type: 'reasoning', choice, part: partOf(state, 'reasoning'), text });
    } else {
      out.push({ type: 'other', choice, part: state.nextPart++, kind: 'content', json: JSON.stringify(item) });
    }
  }
}

/** Calls whose name never came are begun without one: what was said must be seen. */
function startNameless(out: StreamEvent[], choice: number, state: ChoiceState): void {
  for (const call of state.calls.values()) {
    if (call.waiting === undefined) continue;
    out.push({ type: 'tool_call_start', choice, part: call.part, id: call.id, name: '' });
    if (call.waiting !== '') out.push({ type: 'tool_call_arguments', choice, part: call.part, text: call.waiting });
    call.waiting = undefined;
  }
}

function partOf(state: ChoiceState, key: string): number {
  let part = state.parts.get(key);
  if (part === undefined) {
    part = state.nextPart++;
    state.parts.set(key, part);
  }
  return part;
}

function pushCall(out: StreamEvent[], raw: JsonObject, choice: number, state: ChoiceState): void {
  const id = typeof raw['id'] === 'string' ? raw['id'] : '';
  const fn = isObject(raw['function']) ? raw['function'] : isObject(raw['custom']) ? raw['custom'] : {};
  const name = typeof fn['name'] === 'string' ? fn['name'] : '';
  const text = fn['arguments'] ?? fn['input'];
  const pieces = typeof text === 'string' ? text : isAbsent(text) ? '' : JSON.stringify(text);

  const call = callOf(raw, id, name, choice, state);
  if (call.waiting === undefined) {
    if (pieces !== '') out.push({ type: 'tool_call_arguments', choice, part: call.part, text: pieces });
    return;
  }
  call.waiting += pieces;
  if (name === '') return;
  out.push({ type: 'tool_call_start', choice, part: call.part, id: call.id, name });
  if (call.waiting !== '') out.push({ type: 'tool_call_arguments', choice, part: call.part, text: call.waiting });
  call.waiting = undefined;
}

/** The call that a piece belongs to; a new one where its index is new, or where a name comes with an id that is new. */
function callOf(raw: JsonObject, id: string, name: string, choice: number, state: ChoiceState): CallState {
  const given = typeof raw['index'] === 'number' ? raw['index'] : undefined;
  const key = given ?? (id === '' ? Math.max(0, state.lastCall) : keyOfId(state, id));
  const known = state.calls.get(key);
  const sameCall = known !== undefined && (id === '' || known.id === id || name === '');
  state.lastCall = key;
  if (sameCall) return known;
  const call: CallState = { part: state.nextPart++, id: id === '' ? `call_${choice}_${key}` : id, waiting: '' };
  state.calls.set(key, call);
  return call;
}

function keyOfId(state: ChoiceState, id: string): number {
  for (const [key, call] of state.calls) if (call.id === id) return key;
  return state.calls.size;
}
