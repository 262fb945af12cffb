/**
 * The official SDKs behind one small interface, so that one test can be run with each client against each vendor. They
 * are used as their users use them; streams go through their own accumulating helpers, which fail on anything that
 * does not fit.
 */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

export interface Turn {
  text?: string;
  image?: string;
  system?: string;
  tools?: string[];
  /** A round of tool calls already made, with their results. */
  toolRound?: { calls: { id: string; name: string; arguments: string }[]; results: string[] };
  stop?: string[];
  maxTokens?: number;
  reasons?: boolean;
  /** Directives for the sandbox. */
  sandbox?: string;
}

export interface Reply {
  text: string;
  reasoning: string;
  calls: { id: string; name: string; arguments: unknown }[];
  finish: string | null;
  /** As the client reads them: `input` is the whole prompt. */
  usage: { input: number; cached: number; output: number } | undefined;
}

export interface Client {
  ask(turn: Turn, options: { stream: boolean }): Promise<Reply>;
}

const SCHEMA = { type: 'object' as const, properties: { query: { type: 'string' } } };
const PIXEL = 'iVBORw0KGgo=';

export function openAiClient(url: string): Client {
  const sdk = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });
  return {
    async ask(turn, { stream }) {
      const messages: OpenAI.ChatCompletionMessageParam[] = [];
      if (turn.system !== undefined) messages.push({ role: 'system', content: turn.system });
      const image: OpenAI.ChatCompletionContentPart = { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } };
      messages.push({
        role: 'user',
        content: turn.image === undefined ? (turn.text ?? '') : [{ type: 'text', text: turn.text ?? '' }, image],
      });
      if (turn.toolRound !== undefined) {
        const calls = turn.toolRound.calls.map(({ id, name, arguments: text }) => ({
          id,
          type: 'function' as const,
          function: { name, arguments: text },
        }));
        messages.push({ role: 'assistant', content: null, tool_calls: calls });
        turn.toolRound.results.forEach((content, i) => {
          messages.push({ role: 'tool', tool_call_id: turn.toolRound?.calls[i]?.id ?? '', content });
        });
      }
      const body: OpenAI.ChatCompletionCreateParamsNonStreaming = { model: 'sandbox-small', messages };
      if (turn.tools) body.tools = turn.tools.map((name) => ({ type: 'function', function: { name, parameters: SCHEMA } }));
      if (turn.stop) body.stop = turn.stop;
      if (turn.maxTokens) body.max_completion_tokens = turn.maxTokens;
      if (turn.reasons) body.reasoning_effort = 'low';
      const headers = turn.sandbox === undefined ? {} : { 'x-sandbox': turn.sandbox };
      const made = stream
        ? await sdk.chat.completions
            .stream({ ...body, stream: true, stream_options: { include_usage: true } }, { headers })
            .finalChatCompletion()
        : await sdk.chat.completions.create(body, { headers });
      const choice = made.choices[0];
      const message = choice?.message;
      const reasoning = message === undefined ? undefined : Reflect.get(message, 'reasoning_content');
      return {
        text: message?.content ?? '',
        reasoning: typeof reasoning === 'string' ? reasoning : '',
        calls: (message?.tool_calls ?? []).flatMap((call) =>
          call.type === 'function'
            ? [{ id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }]
            : [],
        ),
        finish: choice?.finish_reason ?? null,
        usage: made.usage && {
          input: made.usage.prompt_tokens,
          cached: made.usage.prompt_tokens_details?.cached_tokens ?? 0,
          output: made.usage.completion_tokens,
        },
      };
    },
  };
}

export function anthropicClient(url: string): Client {
  const sdk = new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0 });
  return {
    async ask(turn, { stream }) {
      const content: Anthropic.ContentBlockParam[] = [{ type: 'text', text: turn.text ?? '' }];
      if (turn.image !== undefined) content.push({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } });
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content }];
      if (turn.toolRound !== undefined) {
        const { calls, results } = turn.toolRound;
        messages.push({
          role: 'assistant',
          content: calls.map(({ id, name, arguments: text }) => ({ type: 'tool_use', id, name, input: JSON.parse(text) as unknown })),
        });
        messages.push({
          role: 'user',
          content: results.map((result, i) => ({ type: 'tool_result', tool_use_id: calls[i]?.id ?? '', content: result })),
        });
      }
      const body: Anthropic.MessageCreateParamsNonStreaming = { model: 'sandbox-small', max_tokens: turn.maxTokens ?? 2000, messages };
      if (turn.system !== undefined) body.system = turn.system;
      if (turn.tools) body.tools = turn.tools.map((name) => ({ name, input_schema: SCHEMA }));
      if (turn.stop) body.stop_sequences = turn.stop;
      if (turn.reasons) body.thinking = { type: 'enabled', budget_tokens: 1024 };
      const headers = turn.sandbox === undefined ? {} : { 'x-sandbox': turn.sandbox };
      const made = stream
        ? await sdk.messages.stream({ ...body, stream: true }, { headers }).finalMessage()
        : await sdk.messages.create(body, { headers });
      const { usage } = made;
      const cached = usage.cache_read_input_tokens ?? 0;
      return {
        text: made.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
        reasoning: made.content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
        calls: made.content.flatMap((block) =>
          block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
        ),
        finish: made.stop_reason,
        usage: {
          input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
          cached,
          output: usage.output_tokens,
        },
      };
    },
  };
}
