/**
 * Events of an Anthropic Messages stream as canonical events. Subtle: a block of a type unknown here is gathered whole,
 * its JSON deltas included, and given as one `other` event when it closes, so that server tools and redacted thinking
 * are seen by guards; event types unknown here are skipped, as Anthropic's versioning asks of its clients.
 */

import { createUsageReader, parseStopReason } from '../../wire/anthropic-messages/usage.ts';
import { isObject, type JsonObject } from '../../wire/fields.ts';
import type { StreamEvent } from '../../wire/types.ts';
import { vendorGarbage, vendorStreamFailure } from '../errors.ts';
import type { VendorStreamParser } from '../types.ts';

const VENDOR = 'anthropic';

interface Block {
  part: number;
  type: string;
  /** Set for a block of unknown type: its JSON so far. */
  unknown: { json: JsonObject; input: string } | undefined;
  hasArguments: boolean;
}

export function createStreamParser(): VendorStreamParser {
  const blocks = new Map<number, Block>();
  const readUsage = createUsageReader();
  let nextPart = 0;
  let finished = false;

  function startMessage(event: JsonObject): StreamEvent[] {
    const message = isObject(event['message']) ? event['message'] : undefined;
    if (message === undefined) throw vendorGarbage(VENDOR, 'message_start holds no message.');
    return [{ type: 'start', id: textOf(message['id']), model: textOf(message['model']) }, ...usageEvents(readUsage(message['usage']))];
  }

  function startBlock(event: JsonObject): StreamEvent[] {
    const raw = event['content_block'];
    if (!isObject(raw) || typeof raw['type'] !== 'string') throw vendorGarbage(VENDOR, 'content_block_start holds no block.');
    const block: Block = { part: nextPart++, type: raw['type'], unknown: undefined, hasArguments: false };
    blocks.set(indexOf(event), block);
    const at = { choice: 0, part: block.part };
    switch (raw['type']) {
      case 'text':
        return textOf(raw['text']) === '' ? [] : [{ type: 'text', ...at, text: textOf(raw['text']) }];
      case 'thinking':
        return textOf(raw['thinking']) === '' ? [] : [{ type: 'reasoning', ...at, text: textOf(raw['thinking']) }];
      case 'tool_use': {
        const start: StreamEvent = { type: 'tool_call_start', ...at, id: textOf(raw['id']), name: textOf(raw['name']) };
        if (!isObject(raw['input']) || Object.keys(raw['input']).length === 0) return [start];
        block.hasArguments = true;
        return [start, { type: 'tool_call_arguments', ...at, text: JSON.stringify(raw['input']) }];
      }
      default:
        block.unknown = { json: { ...raw }, input: '' };
        return [];
    }
  }

  function pushDelta(event: JsonObject): StreamEvent[] {
    const block = blocks.get(indexOf(event));
    const delta = event['delta'];
    if (block === undefined || !isObject(delta)) throw vendorGarbage(VENDOR, 'a delta belongs to no open block.');
    const at = { choice: 0, part: block.part };
    if (block.unknown !== undefined) {
      gather(block.unknown, delta);
      return [];
    }
    switch (delta['type']) {
      case 'text_delta':
        return textOf(delta['text']) === '' ? [] : [{ type: 'text', ...at, text: textOf(delta['text']) }];
      case 'thinking_delta':
        return textOf(delta['thinking']) === '' ? [] : [{ type: 'reasoning', ...at, text: textOf(delta['thinking']) }];
      case 'signature_delta':
        return [{ type: 'reasoning', ...at, text: '', signature: textOf(delta['signature']) }];
      case 'input_json_delta': {
        const text = textOf(delta['partial_json']);
        if (text === '') return [];
        block.hasArguments = true;
        return [{ type: 'tool_call_arguments', ...at, text }];
      }
      default:
        // Citations and whatever comes next: they describe the text, they are not part of it.
        return [];
    }
  }

  function stopBlock(event: JsonObject): StreamEvent[] {
    const block = blocks.get(indexOf(event));
    if (block === undefined) return [];
    blocks.delete(indexOf(event));
    const at = { choice: 0, part: block.part };
    if (block.unknown !== undefined) return [{ type: 'other', ...at, kind: block.type, json: JSON.stringify(whole(block.unknown)) }];
    // A call without arguments sends no JSON; other formats' clients parse the text, so it is made whole.
    return block.type === 'tool_use' && !block.hasArguments ? [{ type: 'tool_call_arguments', ...at, text: '{}' }] : [];
  }

  function pushMessageDelta(event: JsonObject): StreamEvent[] {
    const out: StreamEvent[] = [];
    const delta = isObject(event['delta']) ? event['delta'] : {};
    if (typeof delta['stop_reason'] === 'string' && !finished) {
      finished = true;
      const finish = { type: 'finish' as const, choice: 0, reason: parseStopReason(delta['stop_reason']) };
      out.push(typeof delta['stop_sequence'] === 'string' ? { ...finish, stopSequence: delta['stop_sequence'] } : finish);
    }
    return [...out, ...usageEvents(readUsage(event['usage']))];
  }

  return {
    push({ data }) {
      if (data === '') return [];
      const event = parseEvent(data);
      switch (event['type']) {
        case 'message_start':
          return startMessage(event);
        case 'content_block_start':
          return startBlock(event);
        case 'content_block_delta':
          return pushDelta(event);
        case 'content_block_stop':
          return stopBlock(event);
        case 'message_delta':
          return pushMessageDelta(event);
        case 'message_stop':
          return [{ type: 'end' }];
        case 'error':
          return [{ type: 'error', error: vendorStreamFailure(VENDOR, event['error']) }];
        default:
          return [];
      }
    },
  };
}

function parseEvent(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw vendorGarbage(VENDOR, 'a stream event is not JSON.', cause);
  }
  if (!isObject(value) || typeof value['type'] !== 'string') throw vendorGarbage(VENDOR, 'a stream event has no type.');
  return value;
}

function indexOf(event: JsonObject): number {
  if (typeof event['index'] !== 'number') throw vendorGarbage(VENDOR, 'a content block event has no index.');
  return event['index'];
}

function gather(unknown: { json: JsonObject; input: string }, delta: JsonObject): void {
  if (delta['type'] === 'input_json_delta') {
    unknown.input += textOf(delta['partial_json']);
    return;
  }
  const { type: _type, ...rest } = delta;
  for (const [key, value] of Object.entries(rest)) {
    const known = unknown.json[key];
    unknown.json[key] = typeof known === 'string' && typeof value === 'string' ? known + value : value;
  }
}

function whole({ json, input }: { json: JsonObject; input: string }): JsonObject {
  if (input === '') return json;
  try {
    return { ...json, input: JSON.parse(input) };
  } catch {
    // A cut or malformed input is kept as its text: what came must be seen.
    return { ...json, input };
  }
}

function usageEvents(usage: ReturnType<ReturnType<typeof createUsageReader>>): StreamEvent[] {
  return usage === undefined ? [] : [{ type: 'usage', usage }];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
