/**
 * The sandbox's OpenAI chat format. It shares no code with the gateway's own reading and writing of that format, so
 * that a misreading there shows up in tests instead of agreeing with itself. `created` is fixed: answers are
 * reproducible.
 */
import type { Ask, Plan } from './script.ts';

type Json = Record<string, unknown>;
const CREATED = 1_700_000_000;

export function openAiAsk(body: Json): Ask {
  const messages = list(body['messages']);
  const tools = [...list(body['tools']).map((tool) => object(tool['function'])), ...list(body['functions'])];
  const choice = body['tool_choice'];
  let promptChars = 0;
  let images = 0;
  let text = '';
  let toolResults: string[] = [];
  for (const message of messages) {
    const said = textOf(message['content']);
    promptChars += said.length;
    if (message['role'] === 'user') text = said;
    toolResults = message['role'] === 'tool' || message['role'] === 'function' ? [...toolResults, said] : [];
    if (Array.isArray(message['content'])) images += list(message['content']).filter((part) => part['type'] === 'image_url').length;
  }
  const max = body['max_completion_tokens'] ?? body['max_tokens'];
  const stop = body['stop'];
  return {
    model: String(body['model']),
    stream: body['stream'] === true,
    text,
    toolResults,
    tools: tools.map((tool) => String(tool['name'])),
    toolChoice:
      choice === 'none' || choice === 'required'
        ? choice
        : isObject(choice)
          ? { name: String(object(choice['function'])['name']) }
          : 'auto',
    parallelTools: body['parallel_tool_calls'] !== false,
    maxTokens: typeof max === 'number' ? max : undefined,
    stops: typeof stop === 'string' ? [stop] : Array.isArray(stop) ? stop.map(String) : [],
    reasons: typeof body['reasoning_effort'] === 'string' && body['reasoning_effort'] !== 'none',
    images,
    promptChars,
    choices: typeof body['n'] === 'number' ? body['n'] : 1,
    streamUsage: object(body['stream_options'])['include_usage'] === true,
  };
}

export function openAiAnswer(plan: Plan): string {
  const message: Json = { role: 'assistant', content: plan.calls.length > 0 ? null : plan.text, refusal: null };
  if (plan.reasoning !== '') message['reasoning_content'] = plan.reasoning;
  if (plan.calls.length > 0) {
    message['tool_calls'] = plan.calls.map((call) => ({
      id: `call_${call.id}`,
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    }));
  }
  return JSON.stringify({
    id: `chatcmpl-${plan.seed}`,
    object: 'chat.completion',
    created: CREATED,
    model: plan.model,
    choices: Array.from({ length: plan.choices }, (_, index) => ({ index, message, logprobs: null, finish_reason: finish(plan) })),
    ...(plan.usage === undefined ? {} : { usage: usage(plan.usage) }),
    system_fingerprint: 'fp_sandbox',
  });
}

export function openAiFrames(plan: Plan, streamUsage: boolean): string[] {
  const base = { id: `chatcmpl-${plan.seed}`, object: 'chat.completion.chunk', created: CREATED, model: plan.model };
  const withUsage = streamUsage && plan.usage !== undefined;
  const frames: string[] = [];
  const chunk = (index: number, delta: Json, reason: string | null): void => {
    const choices = [{ index, delta, logprobs: null, finish_reason: reason }];
    frames.push(`data: ${JSON.stringify(withUsage ? { ...base, choices, usage: null } : { ...base, choices })}\n\n`);
  };
  for (let index = 0; index < plan.choices; index++) {
    chunk(index, { role: 'assistant', content: plan.calls.length > 0 ? null : '', refusal: null }, null);
    if (plan.reasoning !== '') chunk(index, { reasoning_content: plan.reasoning }, null);
    for (const piece of plan.textPieces) chunk(index, { content: piece }, null);
    plan.calls.forEach((call, i) => {
      chunk(
        index,
        { tool_calls: [{ index: i, id: `call_${call.id}`, type: 'function', function: { name: call.name, arguments: '' } }] },
        null,
      );
      for (const piece of call.argumentPieces) chunk(index, { tool_calls: [{ index: i, function: { arguments: piece } }] }, null);
    });
    chunk(index, {}, finish(plan));
  }
  if (withUsage && plan.usage !== undefined) {
    frames.push(`data: ${JSON.stringify({ ...base, choices: [], usage: usage(plan.usage) })}\n\n`);
  }
  frames.push('data: [DONE]\n\n');
  return frames;
}

export function openAiError(status: number, message: string): string {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return JSON.stringify({ error: { message, type, param: null, code: status === 429 ? 'rate_limit_exceeded' : null } });
}

export function openAiErrorFrame(): string {
  return `data: ${openAiError(503, 'The sandbox broke off as it was told.')}\n\n`;
}

function usage(counts: NonNullable<Plan['usage']>): Json {
  return {
    prompt_tokens: counts.input,
    completion_tokens: counts.output,
    total_tokens: counts.input + counts.output,
    prompt_tokens_details: { cached_tokens: counts.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: counts.reasoning, audio_tokens: 0 },
  };
}

function finish(plan: Plan): string {
  if (plan.finish === 'tools') return 'tool_calls';
  return plan.finish === 'length' ? 'length' : 'stop';
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
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
