/**
 * The content of an interaction in one vendor-neutral form: what was said by whom, tool calls and their results.
 * The gateway makes it from any wire format, seals it into the event, and the processors read it back. It is
 * deliberately smaller than any vendor's format: what a guard, a view or an auditor needs, in the order it was said.
 */

import { readTextFile } from './files.ts';

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

export type Part =
  | { type: 'text'; text: string }
  | { type: 'refusal'; text: string }
  | { type: 'reasoning'; text: string; signature?: string }
  /** `url` is a remote address; `data` is base64. Exactly one of them is set. */
  | { type: 'image'; mediaType?: string; url?: string; data?: string; detail?: string }
  | { type: 'document'; mediaType?: string; url?: string; data?: string; name?: string }
  /** `arguments` is the JSON text as the model wrote it: it may be malformed. */
  | { type: 'tool_call'; id: string; name: string; arguments: string }
  | { type: 'tool_result'; callId: string; parts: Part[]; isError?: boolean }
  /** Something this version does not know; kept as its own JSON so that nothing goes unseen. */
  | { type: 'other'; kind: string; json: string };

export interface Message {
  role: Role;
  parts: Part[];
  name?: string;
}

export interface ToolDefinition {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters?: unknown;
}

/** What the client asked. Sealed into `Interaction.requestContent` as JSON. */
export interface RequestContent {
  messages: Message[];
  tools: ToolDefinition[];
  /** What else of the request a model may come to read; left out where there is nothing. */
  rest?: RestText[];
}

/** Text of a request that stands neither in a message's content nor in a tool: a schema for the answer, a name, what this version does not know. */
export interface RestText {
  /** Where it stands in the request as the client sent it, e.g. `response_format.json_schema` or `messages[2].name`. */
  path: string;
  /** As it came, or as JSON where it is no string. */
  text: string;
  /** Whose message it is in; left out where it is in none. */
  role?: Role;
}

/** What the vendor answered, one message per choice. Sealed into `Interaction.responseContent` as JSON. */
export interface ResponseContent {
  choices: { index: number; message: Message; finishReason: FinishReason | null }[];
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'stop_sequence' | 'refusal' | 'pause' | 'other';

/** One stretch of text with its place in the content; guards and maskers work on these. */
export interface Segment {
  direction: 'request' | 'response';
  role: Role;
  kind: 'text' | 'refusal' | 'reasoning' | 'tool_call' | 'tool_result' | 'tool_definition' | 'document' | 'other';
  /** Where it stands, e.g. `messages[2].parts[0]` or `tools[1]`. */
  path: string;
  text: string;
}

/**
 * Every text of a request, in order: all roles, tool definitions, tool results and text documents included, so that
 * no place is left where an instruction could hide from a guard.
 */
export function requestSegments(content: RequestContent): Segment[] {
  const out: Segment[] = [];
  content.tools.forEach((tool, i) => {
    out.push({ direction: 'request', role: 'developer', kind: 'tool_definition', path: `tools[${i}]`, text: toolText(tool) });
  });
  content.messages.forEach((message, i) => {
    pushParts(out, 'request', message.role, message.parts, `messages[${i}]`);
  });
  for (const { path, text, role } of content.rest ?? [])
    out.push(
      role === undefined
        ? { direction: 'request', role: 'developer', kind: 'tool_definition', path, text }
        : { direction: 'request', role, kind: 'other', path, text },
    );
  return out;
}

/** Every text of an answer, in order. */
export function responseSegments(content: ResponseContent): Segment[] {
  const out: Segment[] = [];
  for (const choice of content.choices) pushParts(out, 'response', choice.message.role, choice.message.parts, `choices[${choice.index}]`);
  return out;
}

function toolText(tool: ToolDefinition): string {
  const lines = [tool.name];
  if (tool.description) lines.push(tool.description);
  if (tool.parameters !== undefined) lines.push(JSON.stringify(tool.parameters));
  return lines.join('\n');
}

function pushParts(out: Segment[], direction: Segment['direction'], role: Role, parts: Part[], at: string, inResult = false): void {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part;
    const path = `${at}.parts[${i}]`;
    switch (part.type) {
      case 'text':
      case 'refusal':
      case 'reasoning':
        out.push({ direction, role, kind: inResult ? 'tool_result' : part.type, path, text: part.text });
        break;
      case 'tool_call':
        out.push({ direction, role, kind: 'tool_call', path, text: `${part.name} ${part.arguments}` });
        break;
      case 'tool_result':
        pushParts(out, direction, role, part.parts, path, true);
        break;
      case 'other':
        out.push({ direction, role, kind: inResult ? 'tool_result' : 'other', path, text: part.json });
        break;
      case 'document':
        pushFile(out, { direction, role, kind: 'document', path }, part);
        if (part.name) out.push({ direction, role, kind: 'document', path: `${path}.name`, text: part.name });
        if (part.url) out.push({ direction, role, kind: 'document', path: `${path}.url`, text: part.url });
        break;
      case 'image':
        pushFile(out, { direction, role, kind: 'document', path }, part);
        if (part.url) out.push({ direction, role, kind: 'other', path: `${path}.url`, text: part.url });
        break;
    }
  }
}

function pushFile(
  out: Segment[],
  place: Omit<Segment, 'text'>,
  { mediaType = '', data = '' }: { mediaType?: string; data?: string },
): void {
  const file = readTextFile(mediaType, data);
  if (file !== undefined) out.push({ ...place, text: file.text });
}
