/**
 * Messages of the Anthropic format, both ways: the one place where its content blocks and the canonical parts meet.
 * The client side parses requests and renders answers with it, the vendor side renders requests and parses answers.
 *
 * Subtle: a tool's results stand in a user turn here and in messages of their own in the canonical form, so a user
 * turn is split on the way in, one message per result, and neighbours of one side are merged on the way out; system
 * texts move to the front, since the format has one place for them.
 */
import type { Message, Part } from '../../../schemas/content.ts';
import {
  invalid,
  isAbsent,
  isObject,
  type JsonObject,
  optionalBoolean,
  optionalString,
  readArray,
  readName,
  readObject,
  readString,
  unsupported,
} from '../fields.ts';

/** `system` and `messages` of a request. Throws PARAPET_INVALID_REQUEST with the path of the field at fault. */
export function parseMessages(system: unknown, messages: unknown): Message[] {
  const out: Message[] = [];
  if (!isAbsent(system)) out.push({ role: 'system', parts: parseContent(system, 'system') });
  const list = readArray(messages, 'messages');
  if (list.length === 0) throw invalid('messages', 'expected at least one message.');
  list.forEach((item, i) => {
    const at = `messages[${i}]`;
    const raw = readObject(item, at);
    const role = raw['role'];
    if (role !== 'user' && role !== 'assistant' && role !== 'system') throw invalid(`${at}.role`, 'expected user, assistant or system.');
    const parts = parseContent(raw['content'], `${at}.content`);
    if (role === 'user') pushUserTurn(out, parts);
    else out.push({ role, parts });
  });
  return out;
}

function pushUserTurn(out: Message[], parts: Part[]): void {
  let user: Message | undefined;
  for (const part of parts) {
    if (part.type === 'tool_result') {
      user = undefined;
      out.push({ role: 'tool', parts: [part] });
      continue;
    }
    if (user === undefined) {
      user = { role: 'user', parts: [] };
      out.push(user);
    }
    user.parts.push(part);
  }
  if (parts.length === 0) out.push({ role: 'user', parts: [] });
}

/** `content`: a string, or an array of blocks; also the whole content of an answer. */
export function parseContent(value: unknown, at: string): Part[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw invalid(at, 'expected a string or an array of content blocks.');
  const parts: Part[] = [];
  value.forEach((item, i) => {
    pushBlock(parts, readObject(item, `${at}[${i}]`), `${at}[${i}]`);
  });
  return parts;
}

function pushBlock(parts: Part[], block: JsonObject, at: string): void {
  const type = readName(block['type'], `${at}.type`);
  switch (type) {
    case 'text':
      parts.push({ type, text: readString(block['text'], `${at}.text`) });
      return;
    case 'image':
      parts.push(parseImage(block, at));
      return;
    case 'document':
      parts.push(parseDocument(block, at));
      // The model reads the context too, so a guard has to see it.
      if (!isAbsent(block['context'])) parts.push(other('document.context', readString(block['context'], `${at}.context`)));
      return;
    case 'thinking': {
      const signature = optionalString(block['signature'], `${at}.signature`);
      const text = readString(block['thinking'], `${at}.thinking`);
      parts.push(isAbsent(signature) || signature === '' ? { type: 'reasoning', text } : { type: 'reasoning', text, signature });
      return;
    }
    case 'tool_use': {
      const input = isAbsent(block['input']) ? {} : readObject(block['input'], `${at}.input`);
      parts.push({
        type: 'tool_call',
        id: readName(block['id'], `${at}.id`),
        name: readName(block['name'], `${at}.name`),
        arguments: JSON.stringify(input),
      });
      return;
    }
    case 'tool_result':
      parts.push(parseToolResult(block, at));
      return;
    default:
      parts.push(other(type, block));
  }
}

function parseImage(block: JsonObject, at: string): Part {
  const source = readObject(block['source'], `${at}.source`);
  switch (readName(source['type'], `${at}.source.type`)) {
    case 'base64':
      return {
        type: 'image',
        mediaType: readName(source['media_type'], `${at}.source.media_type`),
        data: readString(source['data'], `${at}.source.data`),
      };
    case 'url':
      return { type: 'image', url: readName(source['url'], `${at}.source.url`) };
    default:
      return other('image', block);
  }
}

function parseDocument(block: JsonObject, at: string): Part {
  const source = readObject(block['source'], `${at}.source`);
  const title = optionalString(block['title'], `${at}.title`);
  const name = title === undefined ? {} : { name: title };
  switch (readName(source['type'], `${at}.source.type`)) {
    case 'base64':
      return {
        type: 'document',
        mediaType: readName(source['media_type'], `${at}.source.media_type`),
        data: readString(source['data'], `${at}.source.data`),
        ...name,
      };
    case 'text': {
      const data = Buffer.from(readString(source['data'], `${at}.source.data`)).toString('base64');
      return { type: 'document', mediaType: 'text/plain', data, ...name };
    }
    case 'url':
      return { type: 'document', url: readName(source['url'], `${at}.source.url`), ...name };
    default:
      return other('document', block);
  }
}

function parseToolResult(block: JsonObject, at: string): Part {
  const callId = readName(block['tool_use_id'], `${at}.tool_use_id`);
  const parts = isAbsent(block['content']) ? [] : parseContent(block['content'], `${at}.content`);
  const isError = optionalBoolean(block['is_error'], `${at}.is_error`);
  return isError === undefined ? { type: 'tool_result', callId, parts } : { type: 'tool_result', callId, parts, isError };
}

function other(kind: string, value: unknown): Part {
  return { type: 'other', kind, json: JSON.stringify(value) };
}

export interface AnthropicTurns {
  /** The system texts, in order; empty when there is none. */
  system: JsonObject[];
  messages: JsonObject[];
}

/**
 * `system` and `messages` of a request to Anthropic. `native`: the content came in this format, so that parts unknown
 * here are its own and go back as they were; else they throw PARAPET_UNSUPPORTED.
 */
export function renderMessages(messages: Message[], native: boolean): AnthropicTurns {
  const system: JsonObject[] = [];
  const turns: { role: 'user' | 'assistant'; content: JsonObject[] }[] = [];
  messages.forEach((message, i) => {
    const blocks = renderBlocks(message.parts, `messages[${i}]`, native);
    if (message.role === 'system' || message.role === 'developer') {
      system.push(...blocks);
      return;
    }
    if (blocks.length === 0) return;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  });
  if (turns.length === 0)
    throw unsupported('messages', 'the vendor that serves the model needs a message with content besides the system message.');
  return { system, messages: turns };
}

/** Content blocks of one message, in the history of a request or as the answer. Empty texts, which Anthropic refuses, are left out. */
export function renderBlocks(parts: Part[], at: string, native: boolean): JsonObject[] {
  const blocks: JsonObject[] = [];
  parts.forEach((part, i) => {
    const block = renderBlock(part, `${at}.content[${i}]`, native);
    if (block !== undefined) blocks.push(block);
  });
  return blocks;
}

function renderBlock(part: Part, at: string, native: boolean): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? undefined : { type: 'text', text: part.text };
    case 'reasoning':
      // Anthropic takes back only thinking that it signed itself; without it, nothing that was said is lost.
      return part.signature === undefined ? undefined : { type: 'thinking', thinking: part.text, signature: part.signature };
    case 'image':
      return { type: 'image', source: renderImageSource(part, at) };
    case 'document':
      return { type: 'document', source: renderDocumentSource(part, at), ...(part.name === undefined ? {} : { title: part.name }) };
    case 'tool_call':
      return { type: 'tool_use', id: part.id, name: part.name, input: parseArguments(part.arguments, at) };
    case 'tool_result': {
      const block: JsonObject = { type: 'tool_result', tool_use_id: part.callId, content: renderBlocks(part.parts, at, native) };
      if (part.isError !== undefined) block['is_error'] = part.isError;
      return block;
    }
    case 'other':
      if (!native) throw unsupported(at, `content of type ${part.kind} cannot be sent to Anthropic.`);
      return JSON.parse(part.json) as JsonObject;
  }
}

function renderImageSource(part: Extract<Part, { type: 'image' }>, at: string): JsonObject {
  if (part.url !== undefined) return { type: 'url', url: part.url };
  if (part.mediaType === undefined) throw unsupported(at, 'an image without its media type cannot be sent to Anthropic.');
  return { type: 'base64', media_type: part.mediaType, data: part.data ?? '' };
}

function renderDocumentSource(part: Extract<Part, { type: 'document' }>, at: string): JsonObject {
  if (part.url !== undefined) return { type: 'url', url: part.url };
  const data = part.data ?? '';
  if (part.mediaType === 'application/pdf') return { type: 'base64', media_type: part.mediaType, data };
  if (part.mediaType?.startsWith('text/'))
    return { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString('utf8') };
  throw unsupported(at, 'only PDF and text documents can be sent to Anthropic.');
}

/** Arguments as an object. History must hold valid JSON, since the model would read it back as what it said. */
function parseArguments(text: string, at: string): JsonObject {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unsupported(at, 'tool call arguments that are not JSON cannot be sent to Anthropic.');
  }
  if (!isObject(value)) throw unsupported(at, 'tool call arguments that are not an object cannot be sent to Anthropic.');
  return value;
}
