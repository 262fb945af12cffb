/**
 * The sandbox's Anthropic Messages format; like its OpenAI sibling it shares no code with the gateway's own. Subtle:
 * `input_tokens` leaves out what was read from or written to the cache, and the counts of `message_delta` are
 * cumulative.
 */
import type { Ask, Plan } from './script.ts';

type Json = Record<string, unknown>;

export function anthropicAsk(body: Json): Ask {
  const messages = list(body['messages']);
  const choice = object(body['tool_choice']);
  let promptChars = textOf(body['system']).length;
  let images = 0;
  let text = '';
  let toolResults: string[] = [];
  for (const message of messages) {
    const blocks = list(message['content']);
    const said = textOf(message['content']);
    const results = blocks.filter((block) => block['type'] === 'tool_result').map((block) => textOf(block['content']));
    promptChars += said.length + results.join('').length;
    if (message['role'] === 'user' && said !== '') text = said;
    toolResults = results;
    images += blocks.filter((block) => block['type'] === 'image').length;
  }
  const thinking = object(body['thinking'])['type'];
  const effort = object(body['output_config'])['effort'];
  return {
    model: String(body['model']),
    stream: body['stream'] === true,
    text,
    toolResults,
    tools: list(body['tools']).map((tool) => String(tool['name'])),
    toolChoice:
      choice['type'] === 'any'
        ? 'required'
        : choice['type'] === 'none'
          ? 'none'
          : choice['type'] === 'tool'
            ? { name: String(choice['name']) }
            : 'auto',
    parallelTools: choice['disable_parallel_tool_use'] !== true,
    maxTokens: typeof body['max_tokens'] === 'number' ? body['max_tokens'] : undefined,
    stops: Array.isArray(body['stop_sequences']) ? body['stop_sequences'].map(String) : [],
    reasons: thinking === 'enabled' || thinking === 'adaptive' || typeof effort === 'string',
    images,
    promptChars,
    choices: 1,
    streamUsage: true,
  };
}

export function anthropicAnswer(plan: Plan): string {
  const content: Json[] = [];
  if (plan.reasoning !== '') content.push({ type: 'thinking', thinking: plan.reasoning, signature: `sig${plan.seed}` });
  if (plan.text !== '') content.push({ type: 'text', text: plan.text, citations: null });
  for (const call of plan.calls)
    content.push({ type: 'tool_use', id: `toolu_${call.id}`, name: call.name, input: JSON.parse(call.arguments) });
  return JSON.stringify({
    ...message(plan),
    content,
    stop_reason: stopReason(plan),
    stop_sequence: plan.stopSequence ?? null,
    ...usage(plan),
  });
}

export function anthropicFrames(plan: Plan): string[] {
  const frames: string[] = [];
  const send = (type: string, rest: Json): void => {
    frames.push(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  };
  let index = 0;
  const block = (start: Json, deltas: Json[]): void => {
    send('content_block_start', { index, content_block: start });
    for (const delta of deltas) send('content_block_delta', { index, delta });
    send('content_block_stop', { index });
    index++;
  };
  send('message_start', { message: { ...message(plan), ...usage(plan, 1) } });
  send('ping', {});
  if (plan.reasoning !== '') {
    block({ type: 'thinking', thinking: '', signature: '' }, [
      { type: 'thinking_delta', thinking: plan.reasoning },
      { type: 'signature_delta', signature: `sig${plan.seed}` },
    ]);
  }
  if (plan.text !== '')
    block(
      { type: 'text', text: '' },
      plan.textPieces.map((text) => ({ type: 'text_delta', text })),
    );
  for (const call of plan.calls) {
    const deltas = ['', ...call.argumentPieces].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    block({ type: 'tool_use', id: `toolu_${call.id}`, name: call.name, input: {} }, deltas);
  }
  send('message_delta', { delta: { stop_reason: stopReason(plan), stop_sequence: plan.stopSequence ?? null }, ...usage(plan) });
  send('message_stop', {});
  return frames;
}

export function anthropicError(status: number, text: string): string {
  const types: Record<number, string> = { 429: 'rate_limit_error', 529: 'overloaded_error', 404: 'not_found_error' };
  const type = types[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  return JSON.stringify({ type: 'error', error: { type, message: text }, request_id: 'req_sandbox' });
}

export function anthropicErrorFrame(): string {
  return `event: error\ndata: ${anthropicError(529, 'The sandbox broke off as it was told.')}\n\n`;
}

function message(plan: Plan): Json {
  return {
    id: `msg_${plan.seed}`,
    type: 'message',
    role: 'assistant',
    model: plan.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

/** `outputTokens` is what has been said so far; all of it unless given. */
function usage(plan: Plan, outputTokens?: number): Json {
  if (plan.usage === undefined) return {};
  const { input, cached, written, output, reasoning } = plan.usage;
  return {
    usage: {
      input_tokens: input - cached - written,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: written,
      output_tokens: outputTokens ?? output,
      output_tokens_details: reasoning === 0 ? null : { thinking_tokens: reasoning },
    },
  };
}

function stopReason(plan: Plan): string {
  const reasons = { stop: 'end_turn', length: 'max_tokens', tools: 'tool_use', stop_sequence: 'stop_sequence' };
  return reasons[plan.finish];
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map((block) => (block['type'] === 'text' && typeof block['text'] === 'string' ? block['text'] : ''))
    .join('');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
