/**
 * What is done about sensitive data on its way to the vendor and back: hidden, hashed, replaced by tokens that the answer
 * is restored from, or refused. The record keeps what the client sent and what it got; the vendor sees the rest.
 *
 * The subtle point is where data may stand: in any string of the body but those that only name things (`FIXED`), so that no
 * field that a vendor adds tomorrow is a way around it.
 */
import { ParapetError } from '../../core/errors.ts';
import {
  type Action,
  createFinder,
  createStreamMasker,
  createVault,
  type Finder,
  isIdentifying,
  treat,
  type Vault,
} from '../../detection/index.ts';
import { readTextFile } from '../../schemas/files.ts';
import { POLICIES } from '../../schemas/policies.ts';
import type { Exchange } from '../exchange.ts';
import type { CanonicalAnswer, CanonicalRequest, StreamEvent } from '../wire/types.ts';

export type ActionName = Action['kind'];

/** What to do with each type of sensitive data. */
export interface SensitivePolicy {
  otherwise: ActionName;
  byType: ReadonlyMap<string, ActionName>;
}

export interface SensitiveParts {
  request: SensitivePolicy;
  response: SensitivePolicy;
  /** For `hash`. */
  hashKey: string | undefined;
}

/** What the vendor is sent, and what becomes of its answer. */
export interface Treatment {
  request: CanonicalRequest;
  rawBody: Buffer;
  /** Undefined when the answer goes on as it came. */
  answer: AnswerTreatment | undefined;
}

export interface AnswerTreatment {
  /** A whole answer's body, in the vendor's format. Throws PARAPET_BLOCKED. */
  body(parsed: unknown): unknown;
  canonical(answer: CanonicalAnswer): CanonicalAnswer;
  /** The events of one streamed answer, some of them later. Throws PARAPET_BLOCKED. */
  stream(): (event: StreamEvent) => StreamEvent[];
}

export interface Sensitive {
  /** Throws PARAPET_BLOCKED. Undefined when nothing is to be done with this exchange. */
  treat(exchange: Exchange, request: CanonicalRequest): Treatment | undefined;
}

const ACTIONS: readonly ActionName[] = ['allow', 'mask', 'hash', 'tokenise', 'block'];
const POLICY = { policyId: POLICIES.sensitive, policyVersion: '1' };

/** `mask`, or `tokenise,CREDIT_CARD=block,PERSON=mask`: the first word is for what no other names. Throws what is wrong with it. */
export function parseSensitivePolicy(text: string): SensitivePolicy {
  const [otherwise = '', ...rest] = text.split(',').map((each) => each.trim());
  const byType = new Map<string, ActionName>();
  for (const each of rest) {
    const [type = '', action = ''] = each.split('=', 2);
    if (!/^[A-Z][A-Z0-9_]*$/.test(type)) throw new Error(`"${each}" is not TYPE=action`);
    byType.set(type, actionOf(action));
  }
  return { otherwise: actionOf(otherwise), byType };
}

function actionOf(name: string): ActionName {
  const action = ACTIONS.find((each) => each === name);
  if (action === undefined) throw new Error(`"${name}" is not one of ${ACTIONS.join(', ')}`);
  return action;
}

/** Undefined when everything is let pass. */
export function createSensitive({ request: onRequest, response: onResponse, hashKey }: SensitiveParts): Sensitive | undefined {
  const inRequest = finderOf(onRequest);
  const inResponse = finderOf(onResponse);
  if (inRequest === undefined && inResponse === undefined) return undefined;

  return {
    treat(exchange, request) {
      const texts: string[] = [];
      if (inRequest !== undefined) {
        mapStrings(request.body, (text) => {
          texts.push(text);
          return text;
        });
      }
      const vault = createVault(texts);
      const tally = tallyOf(exchange, 'request');
      const body =
        inRequest === undefined
          ? request.body
          : (mapStrings(request.body, (text) =>
              tally.treated(text, inRequest, (type) => chosen(onRequest, type, vault, hashKey)),
            ) as Record<string, unknown>);
      tally.note();
      const answer = answerTreatment(exchange, tally.tokens ? vault : undefined, inResponse, onResponse, hashKey);
      if (tally.count === 0) return answer && { request, rawBody: exchange.rawBody, answer };
      return { request: exchange.wire.parseRequest(body), rawBody: Buffer.from(JSON.stringify(body)), answer };
    },
  };
}

function answerTreatment(
  exchange: Exchange,
  vault: Vault | undefined,
  find: Finder | undefined,
  policy: SensitivePolicy,
  hashKey: string | undefined,
): AnswerTreatment | undefined {
  if (vault === undefined && find === undefined) return undefined;
  const tally = tallyOf(exchange, 'response');

  function one(text: string, json: boolean, counted = tally): string {
    const treated = find === undefined ? text : counted.treated(text, find, (type) => chosen(policy, type, undefined, hashKey));
    return vault === undefined ? treated : vault.restore(treated, json ? inJson : undefined);
  }
  const whole = (value: unknown, counted = tally) =>
    mapStrings(value, (text, key) => one(text, key !== undefined && JSON_FIELDS.has(key), counted));

  return {
    body(parsed) {
      // The same answer as `canonical` has counted.
      const counted = tallyOf(exchange, 'response');
      const mapped = whole(parsed, counted);
      return counted.count === 0 ? mapped : withoutTokens(mapped);
    },
    canonical(answer) {
      const content = whole(answer.content) as CanonicalAnswer['content'];
      tally.note();
      return { ...answer, content };
    },
    stream() {
      const lanes = new Map<string, Lane>();
      const laneOf = (event: TextEvent): Lane => {
        const name = `${event.choice} ${event.part} ${event.type}`;
        let lane = lanes.get(name);
        if (lane === undefined) {
          lane = createLane(event, vault, find, (type) => chosen(policy, type, undefined, hashKey), tally);
          lanes.set(name, lane);
        }
        return lane;
      };
      /** What is still held back of a choice, or of one part of it, before something else comes. */
      const rest = (choice: number, except?: string): StreamEvent[] =>
        [...lanes].flatMap(([name, lane]) => {
          if (!name.startsWith(`${choice} `) || name === except) return [];
          lanes.delete(name);
          return lane.end();
        });
      return (event) => {
        switch (event.type) {
          case 'text':
          case 'refusal':
          case 'reasoning':
          case 'tool_call_arguments':
            return [...rest(event.choice, `${event.choice} ${event.part} ${event.type}`), ...laneOf(event).push(event)];
          case 'finish': {
            const held = rest(event.choice);
            tally.note();
            return [...held, event];
          }
          case 'tool_call_start':
            return [...rest(event.choice), event];
          case 'other':
            return [...rest(event.choice), { ...event, json: one(event.json, true) }];
          default:
            return [event];
        }
      };
    },
  };
}

/** Without `logprobs`, which say a chat answer once more, token by token: in pieces in which nothing can be found. */
function withoutTokens(answer: unknown): unknown {
  const { choices } = answer as { choices?: unknown };
  if (!Array.isArray(choices)) return answer;
  return {
    ...(answer as object),
    choices: choices.map((choice: object) => ('logprobs' in choice ? { ...choice, logprobs: null } : choice)),
  };
}

type TextEvent = Extract<StreamEvent, { type: 'text' | 'refusal' | 'reasoning' | 'tool_call_arguments' }>;

/** One part of a streamed answer. */
interface Lane {
  push(event: TextEvent): StreamEvent[];
  end(): StreamEvent[];
}

function createLane(
  first: TextEvent,
  vault: Vault | undefined,
  find: Finder | undefined,
  choose: (type: string) => Action,
  tally: Tally,
): Lane {
  const masker =
    find &&
    createStreamMasker({
      find,
      replacement: (match, value) => tally.treated(value, () => [{ ...match, start: 0, end: value.length }], choose),
    });
  const restorer = vault?.restorer(first.type === 'tool_call_arguments' ? inJson : undefined);
  const through = (text: string) => restorer?.push(text) ?? text;
  let newest = first;
  const event = (text: string): StreamEvent[] => (text === '' ? [] : [{ ...newest, text }]);
  return {
    push(next) {
      newest = next;
      const text = through(masker?.push(next.text) ?? next.text);
      // A signature of a thought must not get lost with the text that is held back.
      if (text === '' && next.type === 'reasoning' && next.signature !== undefined) return [{ ...next, text: '' }];
      return event(text);
    },
    end() {
      const { signature: _signed, ...unsigned } = newest as TextEvent & { signature?: string };
      newest = unsigned as TextEvent;
      return event(through(masker?.end() ?? '') + (restorer?.end() ?? ''));
    },
  };
}

interface Tally {
  readonly count: number;
  /** Whether the answer has anything to be restored. */
  readonly tokens: boolean;
  /** Throws PARAPET_BLOCKED. */
  treated(text: string, find: Finder, choose: (type: string) => Action): string;
  /** Puts what was done so far into the exchange. */
  note(): void;
}

function tallyOf(exchange: Exchange, direction: 'request' | 'response'): Tally {
  const counts = new Map<string, number>();
  let count = 0;
  let noted = 0;
  let tokens = false;
  return {
    get count() {
      return count;
    },
    get tokens() {
      return tokens;
    },
    treated(text, find, choose) {
      const found = find(text);
      if (found.length === 0) return text;
      const result = treat(text, found, (type) => {
        const action = choose(type);
        tokens ||= action.kind === 'tokenise';
        return action;
      });
      if (result.kind === 'blocked') throw blocked(exchange, direction, result.types);
      for (const [label, n] of Object.entries(result.counts)) {
        counts.set(label, (counts.get(label) ?? 0) + n);
        count += n;
      }
      return result.text;
    },
    note() {
      if (count === noted) return;
      noted = count;
      const what = [...counts].map(([label, n]) => `${n} × ${label}`).join(', ');
      exchange.policyDecisions.push({ ...POLICY, effect: 'redact', reason: `${direction}: ${what}` });
    },
  };
}

function blocked(exchange: Exchange, direction: 'request' | 'response', types: string[]): ParapetError {
  exchange.policyDecisions.push({ ...POLICY, effect: 'block', reason: `${direction}: ${types.join(', ')}` });
  for (const type of types) {
    exchange.verdicts.push({
      layer: 'signature',
      ruleId: `SD-${type}`,
      ruleVersion: 1,
      threatType: 'sensitive_data',
      severity: 'medium',
      score: 1,
      direction,
      path: '',
      action: 'blocked',
    });
  }
  return new ParapetError('PARAPET_BLOCKED', { message: `A guard blocked this ${direction}: it holds ${types.join(', ')}.` });
}

function chosen({ otherwise, byType }: SensitivePolicy, type: string, vault: Vault | undefined, hashKey: string | undefined): Action {
  const kind = byType.get(type) ?? otherwise;
  // An answer has nobody to restore it.
  if (kind === 'tokenise') return vault === undefined ? { kind: 'mask' } : { kind, vault };
  if (kind === 'hash') return { kind, key: hashKey ?? '' };
  return { kind };
}

function finderOf({ otherwise, byType }: SensitivePolicy): Finder | undefined {
  const wants = (type: string) => (byType.get(type) ?? (isIdentifying(type) ? otherwise : 'allow')) !== 'allow';
  return otherwise === 'allow' && ![...byType.keys()].some(wants) ? undefined : createFinder(wants);
}

/** Fields that name things of the protocol; their values are no one's data, and changed they would break the call. */
const FIXED = new Set(
  'model role type id object index finish_reason stop_reason tool_call_id tool_use_id call_id callId name kind media_type mediaType mime_type detail seed signature encrypted_content created system_fingerprint service_tier reasoning_effort'.split(
    ' ',
  ),
);
/** Of these not even what lies inside is anyone's data: schemas, addresses of pictures, counts. */
const CLOSED = new Set(['tools', 'tool_choice', 'response_format', 'image_url', 'usage', 'stream_options']);
/** Fields whose text is itself JSON: what is put into it must be escaped. */
const JSON_FIELDS = new Set(['arguments', 'json']);
/** Smaller numbers are counts and settings. */
const TELLING = 1e8;

type OnText = (text: string, key: string | undefined) => string;

/** The same value with every text treated that may hold data; itself where nothing changed. */
function mapStrings(value: unknown, treated: OnText, key?: string): unknown {
  if (typeof value === 'string') return mapString(value, treated, key);
  if (typeof value === 'number') return value >= TELLING ? asNumber(value, treated(String(value), key)) : value;
  if (Array.isArray(value)) {
    const mapped = value.map((each) => mapStrings(each, treated, key));
    return mapped.some((each, i) => each !== value[i]) ? mapped : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  const mapped: Record<string, unknown> = {};
  let changed = false;
  for (const [name, each] of Object.entries(fields)) {
    const next = mapField(fields, name, each, treated);
    changed ||= next !== each;
    mapped[name] = next;
  }
  return changed ? mapped : value;
}

function mapField(fields: Record<string, unknown>, name: string, value: unknown, treated: OnText): unknown {
  if (CLOSED.has(name) || (FIXED.has(name) && typeof value !== 'object')) return value;
  return name === 'data' && typeof value === 'string' ? mapData(fields, value, treated) : mapStrings(value, treated, name);
}

function mapString(text: string, treated: OnText, key: string | undefined): string {
  return key === 'file_data' || text.startsWith('data:') ? mapFile('', text, treated) : treated(text, key);
}

/** A file's bytes where its neighbours say so (Anthropic's `source`, a recording with its format, our own parts); else any text. */
function mapData({ type, media_type, mediaType = media_type, format }: Record<string, unknown>, data: string, treated: OnText): string {
  const isFile = type !== 'text' && (type === 'base64' || typeof mediaType === 'string' || typeof format === 'string');
  return isFile ? mapFile(typeof mediaType === 'string' ? mediaType : '', data, treated) : treated(data, 'data');
}

/** A file inside the request: its text, when it is one. */
function mapFile(mediaType: string, data: string, treated: OnText): string {
  const file = readTextFile(mediaType, data);
  if (file === undefined) return data;
  const text = treated(file.text, 'data');
  return text === file.text ? data : file.holding(text);
}

const asNumber = (value: number, text: string): number | string => (text === String(value) ? value : text);
const inJson = (value: string): string => JSON.stringify(value).slice(1, -1);
