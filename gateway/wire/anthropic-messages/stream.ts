/**
 * Canonical events as the events of a Messages stream. The format shows one content block at a time, and a closed
 * block cannot be opened again. Subtle: pieces of parallel tool calls may interleave at the vendor. While the
 * arguments of the open call are not yet whole JSON, events of other parts wait, and follow once they are or when the
 * choice is finished; so no piece lands in the wrong block.
 */
import type { FinishReason } from '../../../schemas/content.ts';
import type { JsonObject } from '../fields.ts';
import type { RenderContext, StreamEvent, StreamRenderer, Usage } from '../types.ts';
import { isOwnBlock, messageHead, renderError } from './response.ts';
import { renderStopReason, renderUsage } from './usage.ts';

type PartEvent = Extract<StreamEvent, { part: number }>;

interface OpenBlock {
  part: number;
  kind: 'text' | 'thinking' | 'tool_use';
  arguments: string[];
}

export function createStreamRenderer(context: RenderContext): StreamRenderer {
  let head: JsonObject | undefined = messageHead('', context.request.model, context);
  let open: OpenBlock | undefined;
  let nextIndex = 0;
  let waiting: PartEvent[] = [];
  let usage: Usage | undefined;
  let finish: { reason: FinishReason; stopSequence: string | undefined } | undefined;

  /** `message_start` waits for the first event after `start`, which may bring the usage that stands in it. */
  function begin(): string {
    if (head === undefined) return '';
    const message = { ...head, stop_reason: null, stop_sequence: null, usage: renderUsage(usage) };
    head = undefined;
    return frame('message_start', { message });
  }

  function close(): string {
    if (open === undefined) return '';
    open = undefined;
    return frame('content_block_stop', { index: nextIndex - 1 });
  }

  function openBlock(part: number, kind: OpenBlock['kind'], block: JsonObject): string {
    const closed = close();
    open = { part, kind, arguments: [] };
    return closed + frame('content_block_start', { index: nextIndex++, content_block: block });
  }

  function delta(value: JsonObject): string {
    return frame('content_block_delta', { index: nextIndex - 1, delta: value });
  }

  function show(event: PartEvent): string {
    const continues = open?.part === event.part;
    switch (event.type) {
      case 'text':
      case 'refusal':
        return (
          (continues ? '' : openBlock(event.part, 'text', { type: 'text', text: '' })) + delta({ type: 'text_delta', text: event.text })
        );
      case 'reasoning': {
        let out = continues ? '' : openBlock(event.part, 'thinking', { type: 'thinking', thinking: '', signature: '' });
        if (event.text !== '') out += delta({ type: 'thinking_delta', thinking: event.text });
        if (event.signature !== undefined) out += delta({ type: 'signature_delta', signature: event.signature });
        return out;
      }
      case 'tool_call_start':
        return openBlock(event.part, 'tool_use', { type: 'tool_use', id: event.id, name: event.name, input: {} });
      case 'tool_call_arguments':
        if (!continues || open === undefined) return '';
        open.arguments.push(event.text);
        return delta({ type: 'input_json_delta', partial_json: event.text });
      case 'other':
        return showOther(event.part, event.json);
    }
  }

  function showOther(part: number, json: string): string {
    if (!isOwnBlock(json)) return '';
    return openBlock(part, 'text', JSON.parse(json) as JsonObject) + close();
  }

  /** Shows what can be shown; the rest goes on waiting, in the order of its parts. */
  function take(event: PartEvent): string {
    if (waiting.length === 0 && (open === undefined || open.part === event.part || !isUnfinishedCall(open))) return show(event);
    if (open !== undefined && open.part === event.part) {
      const out = show(event);
      return isUnfinishedCall(open) ? out : out + release();
    }
    waiting.push(event);
    return '';
  }

  /** Takes the waiting events up again, now that the open call is whole. */
  function release(): string {
    const events = waiting;
    waiting = [];
    return events.map(take).join('');
  }

  /** Shows all that waits, part after part, whether its JSON is whole or not: the choice is finished. */
  function flush(): string {
    const parts = new Map<number, PartEvent[]>();
    for (const event of waiting) parts.set(event.part, [...(parts.get(event.part) ?? []), event]);
    waiting = [];
    return [...parts.values()].flat().map(show).join('');
  }

  return {
    render(event) {
      switch (event.type) {
        case 'start':
          head = messageHead(event.id, event.model, context);
          return '';
        case 'usage':
          usage = { ...usage, ...event.usage };
          return '';
        case 'finish':
          if (event.choice !== 0) return '';
          finish = { reason: event.reason, stopSequence: event.stopSequence };
          return begin() + flush() + close();
        case 'end': {
          const out = begin() + flush() + close();
          const stop = { stop_reason: renderStopReason(finish?.reason ?? null), stop_sequence: finish?.stopSequence ?? null };
          return `${out}${frame('message_delta', { delta: stop, usage: renderUsage(usage) })}${frame('message_stop', {})}`;
        }
        case 'error':
          return errorFrame(renderError(event.error, context.interactionId));
        default:
          // The format has room for one choice only.
          return event.choice === 0 ? begin() + take(event) : '';
      }
    },
    renderError: (error) => errorFrame(renderError(error, context.interactionId)),
  };
}

function isUnfinishedCall(block: OpenBlock): boolean {
  if (block.kind !== 'tool_use') return false;
  try {
    JSON.parse(block.arguments.join(''));
    return false;
  } catch {
    // Not whole JSON yet, which is what was asked.
    return true;
  }
}

function frame(type: string, rest: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}

function errorFrame(error: JsonObject): string {
  return `event: error\ndata: ${JSON.stringify(error)}\n\n`;
}
