/**
 * Canonical events as chat completion chunks. Subtle: `index` of a tool call counts the tool calls of its choice, not
 * its content parts, and stays with the call however the pieces of parallel calls interleave; the usage chunk waits
 * for the end, because a vendor may report usage more than once.
 */
import type { ParapetError } from '../../../core/errors.ts';
import type { JsonObject } from '../fields.ts';
import type { RenderContext, StreamEvent, StreamRenderer, Usage } from '../types.ts';
import { renderError, usesLegacyFunctions } from './response.ts';
import { renderFinishReason, renderUsage } from './usage.ts';

export interface ChunkOptions {
  context: RenderContext;
  nowMs: () => number;
  /** The chunk that closes the stream before `[DONE]`, or undefined for none; `base` holds id, model and so on. */
  lastChunk(base: JsonObject, usage: Usage | undefined): JsonObject | undefined;
  /** The id that the client sees, from the vendor's. */
  idOf(vendorId: string): string;
  renderError(error: ParapetError): JsonObject;
}

/** The renderer of plain chat completions. */
export function createStreamRenderer(context: RenderContext, nowMs: () => number): StreamRenderer {
  return createChunkRenderer({
    context,
    nowMs,
    idOf: (vendorId) => (vendorId === '' ? context.interactionId : vendorId),
    lastChunk: (base, usage) =>
      context.request.streamUsage && usage !== undefined ? { ...base, choices: [], usage: renderUsage(usage) } : undefined,
    renderError: (error) => renderError(error, context.interactionId),
  });
}

/** Chunks with `[DONE]` at the end; the unified form shares it. */
export function createChunkRenderer(options: ChunkOptions): StreamRenderer {
  const { context } = options;
  const legacy = usesLegacyFunctions(context.request);
  const toolIndexes = new Map<string, number>();
  const toolCounts = new Map<number, number>();
  const opened = new Set<number>();
  let base: JsonObject | undefined;
  let usage: Usage | undefined;

  function baseOf(): JsonObject {
    base ??= chunkBase(options.idOf(''), Math.floor(options.nowMs() / 1000), context.request.model);
    return base;
  }

  function chunk(choice: number, delta: JsonObject, finishReason: string | null): string {
    // The first delta of a choice carries the role, as the vendor's own streams do.
    const full = opened.has(choice) ? delta : { role: 'assistant', ...delta };
    opened.add(choice);
    return frame({ ...baseOf(), choices: [{ index: choice, delta: full, logprobs: null, finish_reason: finishReason }] });
  }

  function startCall(event: Extract<StreamEvent, { type: 'tool_call_start' }>): string {
    if (legacy) return chunk(event.choice, { function_call: { name: event.name, arguments: '' } }, null);
    const index = toolCounts.get(event.choice) ?? 0;
    toolCounts.set(event.choice, index + 1);
    toolIndexes.set(`${event.choice}:${event.part}`, index);
    const call = { index, id: event.id, type: 'function', function: { name: event.name, arguments: '' } };
    return chunk(event.choice, { tool_calls: [call] }, null);
  }

  function callArguments(event: Extract<StreamEvent, { type: 'tool_call_arguments' }>): string {
    if (legacy) return chunk(event.choice, { function_call: { arguments: event.text } }, null);
    const index = toolIndexes.get(`${event.choice}:${event.part}`);
    if (index === undefined) return '';
    return chunk(event.choice, { tool_calls: [{ index, function: { arguments: event.text } }] }, null);
  }

  return {
    render(event) {
      switch (event.type) {
        case 'start':
          base = chunkBase(options.idOf(event.id), event.createdSeconds ?? Math.floor(options.nowMs() / 1000), event.model);
          return chunk(0, { content: '' }, null);
        case 'text':
          return chunk(event.choice, { content: event.text }, null);
        case 'refusal':
          return chunk(event.choice, { refusal: event.text }, null);
        case 'reasoning':
          return event.text === '' ? '' : chunk(event.choice, { reasoning_content: event.text }, null);
        case 'tool_call_start':
          return startCall(event);
        case 'tool_call_arguments':
          return callArguments(event);
        case 'finish': {
          const reason = renderFinishReason(event.reason);
          return chunk(event.choice, {}, legacy && reason === 'tool_calls' ? 'function_call' : reason);
        }
        case 'usage':
          usage = { ...usage, ...event.usage };
          return '';
        case 'end': {
          const last = options.lastChunk(baseOf(), usage);
          return `${last === undefined ? '' : frame(last)}data: [DONE]\n\n`;
        }
        case 'error':
          return frame(options.renderError(event.error));
        case 'other':
          return '';
      }
    },
    renderError: (error) => frame(options.renderError(error)),
  };
}

function chunkBase(id: string, created: number, model: string): JsonObject {
  return { id, object: 'chat.completion.chunk', created, model };
}

function frame(value: JsonObject): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
