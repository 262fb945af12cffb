/**
 * The demo's applications: the official SDKs, as anybody would use them, with nothing changed but the base URL. Each call
 * says what its client saw: the interaction's id, and whether the answer came whole.
 */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

export interface Prompt {
  id: string;
  text: string;
  label: 'attack' | 'benign';
  lang: string;
}

export interface Call {
  prompt: Prompt;
  sdk: 'openai' | 'anthropic';
  streaming: boolean;
  tools: boolean;
}

export interface Seen {
  /** Undefined when not even a head came. */
  interactionId: string | undefined;
  whole: boolean;
  error?: string;
}

export interface ClientOptions {
  url: string;
  key: string;
  models: { openai: string; anthropic: string };
}

const WEATHER = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const;
const AGENTS = ['support-bot', 'research-agent', 'code-helper', 'mail-triage'];
const MAX_TOKENS = 64;

/** Makes the function that sends one call and watches its answer to the end. Never throws: a broken answer is `whole: false`. */
export function createClients({ url, key, models }: ClientOptions): (call: Call, index: number) => Promise<Seen> {
  // No retries of their own: the demo wants to see every answer that breaks.
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 60_000 });
  const anthropic = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 60_000 });

  async function askOpenAi({ prompt, streaming, tools }: Call, user: string, headers: Record<string, string>, seen: Seen): Promise<void> {
    const common = {
      model: models.openai,
      messages: [{ role: 'user' as const, content: tools ? `${prompt.text}\n(get_weather may help.)` : prompt.text }],
      user,
      max_completion_tokens: MAX_TOKENS,
      ...(tools
        ? {
            tools: [
              { type: 'function' as const, function: { name: 'get_weather', description: 'Weather of a city', parameters: WEATHER } },
            ],
          }
        : {}),
    };
    if (streaming) {
      const { data, response } = await openai.chat.completions.create({ ...common, stream: true }, { headers }).withResponse();
      seen.interactionId = response.headers.get('x-parapet-interaction-id') ?? undefined;
      let finished = false;
      for await (const chunk of data) if (chunk.choices[0]?.finish_reason) finished = true;
      seen.whole = finished;
    } else {
      const { data, response } = await openai.chat.completions.create(common, { headers }).withResponse();
      seen.interactionId = response.headers.get('x-parapet-interaction-id') ?? undefined;
      seen.whole = data.choices.length > 0;
    }
  }

  async function askAnthropic(
    { prompt, streaming, tools }: Call,
    user: string,
    headers: Record<string, string>,
    seen: Seen,
  ): Promise<void> {
    const common = {
      model: models.anthropic,
      max_tokens: MAX_TOKENS,
      messages: [{ role: 'user' as const, content: tools ? `${prompt.text}\n(get_weather may help.)` : prompt.text }],
      metadata: { user_id: user },
      ...(tools
        ? { tools: [{ name: 'get_weather', description: 'Weather of a city', input_schema: { ...WEATHER, required: ['city'] } }] }
        : {}),
    };
    if (streaming) {
      const { data, response } = await anthropic.messages.create({ ...common, stream: true }, { headers }).withResponse();
      seen.interactionId = response.headers.get('x-parapet-interaction-id') ?? undefined;
      for await (const event of data) if (event.type === 'message_stop') seen.whole = true;
    } else {
      const { data, response } = await anthropic.messages.create(common, { headers }).withResponse();
      seen.interactionId = response.headers.get('x-parapet-interaction-id') ?? undefined;
      seen.whole = data.stop_reason !== null;
    }
  }

  return async (call, index) => {
    const seen: Seen = { interactionId: undefined, whole: false };
    const headers = { 'x-parapet-agent': AGENTS[index % AGENTS.length] as string };
    const user = `user-${index % 7}`;
    try {
      await (call.sdk === 'openai' ? askOpenAi(call, user, headers, seen) : askAnthropic(call, user, headers, seen));
    } catch (error) {
      seen.whole = false;
      seen.error = error instanceof Error ? error.message : String(error);
      const { headers: answered } = error as { headers?: { get?(name: string): string | null } };
      seen.interactionId ??= answered?.get?.('x-parapet-interaction-id') ?? undefined;
    }
    return seen;
  };
}
