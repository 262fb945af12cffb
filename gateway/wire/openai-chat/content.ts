/**
 * Messages of the OpenAI chat format, both ways: the one place where its content and the canonical parts meet. The
 * client side parses requests and renders answers with it, the vendor side renders requests and parses answers.
 *
 * Subtle: the format holds an assistant's text, refusal and tool calls in separate fields, so canonical parts come out
 * as reasoning, text, refusal, calls, whatever their order was. Legacy `function` messages carry no call id: they are
 * paired with the last call of their function.
 */
import type { Message, Part, Role } from '../../../schemas/content.ts';
import { invalid, isAbsent, isObject, type JsonObject, readArray, readName, readObject, readString, unsupported } from '../fields.ts';

/** `messages` of a request. Throws PARAPET_INVALID_REQUEST with the path of the field at fault. */
export function parseMessages(value: unknown): Message[] {
  const list = readArray(value, 'messages');
  if (list.length === 0) throw invalid('messages', 'expected at least one message.');
  const legacyCalls = new Map<string, string>();
  return list.map((item, i) => parseMessage(item, i, legacyCalls));
}

function parseMessage(item: unknown, i: number, legacyCalls: Map<string, string>): Message {
  const at = `messages[${i}]`;
  const raw = readObject(item, at);
  const role = raw['role'];
  switch (role) {
    case 'system':
    case 'developer':
    case 'user':
      return named({ role, parts: parseContent(raw['content'], `${at}.content`) }, raw, at);
    case 'assistant': {
      const legacy = raw['function_call'];
      const parts = parseAssistantParts(raw, at, `function_call_${i}`);
      if (isObject(legacy) && typeof legacy['name'] === 'string') legacyCalls.set(legacy['name'], `function_call_${i}`);
      if (parts.length === 0) throw invalid(`${at}.content`, 'expected content, a refusal or tool calls.');
      return named({ role, parts }, raw, at);
    }
    case 'tool': {
      const callId = readName(raw['tool_call_id'], `${at}.tool_call_id`);
      return { role, parts: [{ type: 'tool_result', callId, parts: parseContent(raw['content'], `${at}.content`) }] };
    }
    case 'function': {
      const name = readName(raw['name'], `${at}.name`);
      const parts = isAbsent(raw['content']) ? [] : parseContent(raw['content'], `${at}.content`);
      return { role: 'tool', parts: [{ type: 'tool_result', callId: legacyCalls.get(name) ?? `function_call_${i}`, parts }], name };
    }
    default:
      throw invalid(`${at}.role`, 'expected system, developer, user, assistant, tool or function.');
  }
}

function named(message: Message, raw: JsonObject, at: string): Message {
  if (!isAbsent(raw['name'])) message.name = readString(raw['name'], `${at}.name`);
  return message;
}

/**
 * What an assistant message says, in a request's history or in an answer. `legacyCallId` names the call of a legacy
 * `function_call`, which has no id of its own. `callIdPrefix` is given for answers: some compatible vendors leave out
 * the id of a call or send its arguments as an object, and a paid answer is not thrown away for that.
 */
export function parseAssistantParts(raw: JsonObject, at: string, legacyCallId: string, callIdPrefix?: string): Part[] {
  const parts: Part[] = [];
  // The field has two names among OpenAI-compatible vendors; OpenAI itself shows no reasoning.
  const reasoning = raw['reasoning_content'] ?? raw['reasoning'];
  if (typeof reasoning === 'string' && reasoning !== '') parts.push({ type: 'reasoning', text: reasoning });
  if (!isAbsent(raw['content'])) {
    for (const part of parseContent(raw['content'], `${at}.content`)) parts.push(part);
  }
  const refusal = raw['refusal'];
  if (!isAbsent(refusal)) parts.push({ type: 'refusal', text: readString(refusal, `${at}.refusal`) });
  if (isObject(raw['audio'])) parts.push(other('audio', raw['audio']));
  if (!isAbsent(raw['tool_calls'])) {
    readArray(raw['tool_calls'], `${at}.tool_calls`).forEach((call, i) => {
      parts.push(parseToolCall(call, `${at}.tool_calls[${i}]`, callIdPrefix === undefined ? undefined : `${callIdPrefix}${i}`));
    });
  }
  if (!isAbsent(raw['function_call'])) {
    parts.push(parseFunction(readObject(raw['function_call'], `${at}.function_call`), legacyCallId, `${at}.function_call`));
  }
  return parts;
}

function parseToolCall(value: unknown, at: string, missingId: string | undefined): Part {
  const call = readObject(value, at);
  const type = call['type'];
  if (!isAbsent(type) && type !== 'function') return other(readString(type, `${at}.type`), call);
  const id = isAbsent(call['id']) || call['id'] === '' ? (missingId ?? call['id']) : call['id'];
  const fn = readObject(call['function'], `${at}.function`);
  const readable = missingId !== undefined && isObject(fn['arguments']) ? { ...fn, arguments: JSON.stringify(fn['arguments']) } : fn;
  return parseFunction(readable, readName(id, `${at}.id`), `${at}.function`);
}

function parseFunction(fn: JsonObject, id: string, at: string): Part {
  return {
    type: 'tool_call',
    id,
    name: readName(fn['name'], `${at}.name`),
    arguments: readString(fn['arguments'] ?? '', `${at}.arguments`),
  };
}

/** `content`: a string, or an array of typed parts. */
export function parseContent(value: unknown, at: string): Part[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw invalid(at, 'expected a string or an array of content parts.');
  if (value.length === 0) throw invalid(at, 'expected at least one content part.');
  return value.map((item, i) => parseContentPart(readObject(item, `${at}[${i}]`), `${at}[${i}]`));
}

function parseContentPart(part: JsonObject, at: string): Part {
  const type = readName(part['type'], `${at}.type`);
  switch (type) {
    case 'text':
      return { type, text: readString(part['text'], `${at}.text`) };
    case 'refusal':
      return { type, text: readString(part['refusal'], `${at}.refusal`) };
    case 'image_url': {
      const image = readObject(part['image_url'], `${at}.image_url`);
      const url = readName(image['url'], `${at}.image_url.url`);
      const detail = image['detail'];
      const source = parseDataUrl(url) ?? { url };
      return isAbsent(detail)
        ? { type: 'image', ...source }
        : { type: 'image', ...source, detail: readString(detail, `${at}.image_url.detail`) };
    }
    case 'file': {
      const file = readObject(part['file'], `${at}.file`);
      const data = file['file_data'];
      if (typeof data !== 'string') return other(type, part);
      const source = parseDataUrl(data) ?? { data };
      const name = file['filename'];
      return isAbsent(name)
        ? { type: 'document', ...source }
        : { type: 'document', ...source, name: readString(name, `${at}.file.filename`) };
    }
    default:
      return other(type, part);
  }
}

/** `data:image/png;base64,…` as its media type and data; undefined for any other URL. */
function parseDataUrl(url: string): { mediaType?: string; data: string } | undefined {
  if (!url.startsWith('data:')) return undefined;
  const comma = url.indexOf(',');
  if (comma === -1) return undefined;
  const head = url.slice(5, comma);
  if (!head.endsWith(';base64')) return undefined;
  const mediaType = head.slice(0, -';base64'.length);
  const data = url.slice(comma + 1);
  return mediaType === '' ? { data } : { mediaType, data };
}

function other(kind: string, value: unknown): Part {
  return { type: 'other', kind, json: JSON.stringify(value) };
}

/**
 * `messages` of a request to an OpenAI-compatible vendor. `native`: the content came in this format, so that parts
 * unknown here are its own and go back as they were; else they throw PARAPET_UNSUPPORTED.
 */
export function renderMessages(messages: Message[], native: boolean): JsonObject[] {
  const out: JsonObject[] = [];
  messages.forEach((message, i) => {
    const at = `messages[${i}]`;
    const results: Part[] = [];
    const rest: Part[] = [];
    for (const part of message.parts) (part.type === 'tool_result' ? results : rest).push(part);
    results.forEach((part, r) => {
      if (part.type !== 'tool_result') return;
      out.push({ role: 'tool', tool_call_id: part.callId, content: renderResult(part.parts, `${at}.content[${r}]`, native) });
    });
    if (results.length > 0 && rest.length === 0) return;
    out.push(renderMessage(message.role, rest, message.name, at, native));
  });
  return out;
}

function renderMessage(role: Role, parts: Part[], name: string | undefined, at: string, native: boolean): JsonObject {
  const rendered: JsonObject =
    role === 'assistant' ? renderAssistant(parts, at, native) : { role, content: renderContent(parts, `${at}.content`, native) };
  if (name !== undefined) rendered['name'] = name;
  return rendered;
}

function renderResult(parts: Part[], at: string, native: boolean): unknown {
  if (!native) {
    const foreign = parts.find((part) => part.type !== 'text');
    if (foreign) throw unsupported(at, `a tool result with ${foreign.type} content cannot be sent to an OpenAI-compatible vendor.`);
  }
  return renderContent(parts, at, native);
}

/** One text alone goes as a string, which every OpenAI-compatible vendor takes; anything else as parts. */
function renderContent(parts: Part[], at: string, native: boolean): unknown {
  const [first] = parts;
  if (first === undefined) return '';
  if (parts.length === 1 && first.type === 'text') return first.text;
  return parts.filter((part) => native || !droppable(part)).map((part, i) => renderPart(part, `${at}[${i}]`, native));
}

function renderPart(part: Part, at: string, native: boolean): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'image': {
      const url = part.url ?? `data:${part.mediaType ?? ''};base64,${part.data ?? ''}`;
      return { type: 'image_url', image_url: part.detail === undefined ? { url } : { url, detail: part.detail } };
    }
    case 'document': {
      if (part.data === undefined) throw unsupported(at, 'a document by URL cannot be sent to an OpenAI-compatible vendor.');
      const data = part.mediaType === undefined ? part.data : `data:${part.mediaType};base64,${part.data}`;
      return { type: 'file', file: part.name === undefined ? { file_data: data } : { file_data: data, filename: part.name } };
    }
    case 'other':
      if (native) return JSON.parse(part.json) as JsonObject;
      throw unsupported(at, `content of type ${part.kind} cannot be sent to an OpenAI-compatible vendor.`);
    default:
      throw unsupported(at, `a ${part.type} part does not fit here.`);
  }
}

/** Reasoning, which no vendor takes back from another, and some refuse; leaving it out changes nothing that was said. */
function droppable(part: Part): boolean {
  return part.type === 'reasoning' || (part.type === 'other' && part.kind === 'redacted_thinking');
}

/** An assistant message, in the history of a request or as the answer. */
export function renderAssistant(parts: Part[], at: string, native: boolean): JsonObject {
  const content: Part[] = [];
  const calls: JsonObject[] = [];
  let reasoning = '';
  let refusal: string | null = null;
  let audio: unknown;
  for (const part of parts) {
    if (part.type === 'reasoning') reasoning += native ? part.text : '';
    else if (part.type === 'refusal') refusal = (refusal ?? '') + part.text;
    else if (part.type === 'tool_call') calls.push(renderCall(part));
    else if (part.type !== 'other') content.push(part);
    else if (!native && droppable(part)) continue;
    else if (native && part.kind === 'audio') audio = JSON.parse(part.json);
    else if (native && part.kind === 'custom') calls.push(JSON.parse(part.json) as JsonObject);
    else content.push(part);
  }
  const saysNothing = !native && content.length === 0 && calls.length === 0 && refusal === null;
  const message: JsonObject = {
    role: 'assistant',
    content: content.length === 0 && !saysNothing ? null : renderContent(content, `${at}.content`, native),
  };
  if (refusal !== null) message['refusal'] = refusal;
  if (reasoning !== '') message['reasoning_content'] = reasoning;
  if (audio !== undefined) message['audio'] = audio;
  if (calls.length > 0) message['tool_calls'] = calls;
  return message;
}

/** A tool call without arguments is written `{}`: clients parse the text as JSON. */
export function renderCall(call: { id: string; name: string; arguments: string }): JsonObject {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments === '' ? '{}' : call.arguments } };
}
