/**
 * Interactions for the pipeline bench: realistic ones with content sealed as the gateway seals it. Prompts are real ones of
 * the demo, one attack in fifty, each told apart by its number so that none is like another; longer ones are conversations of
 * several turns.
 */
import { readFileSync } from 'node:fs';
import type { Prompt } from '../demo/clients.ts';
import type { Detector } from '../detection/types.ts';
import { verdictsOf } from '../gateway/stages/inspect.ts';
import type { KeyStore } from '../keys/port.ts';
import { seal } from '../keys/seal.ts';
import type { LogRecord } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { type Message, type RequestContent, type ResponseContent, requestSegments, responseSegments } from '../schemas/content.ts';
import type { Interaction } from '../schemas/types.ts';
import { createFixtures, type FixtureOptions } from '../sinks/fixtures.ts';

const ATTACK_EVERY = 50;

const prompts = readFileSync(new URL('../demo/prompts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Prompt);
const attacks = prompts.filter((prompt) => prompt.label === 'attack');
const benign = prompts.filter((prompt) => prompt.label === 'benign');
const of = (list: Prompt[], n: number) => (list[n % list.length] as Prompt).text;

export interface InteractionParts {
  codec: Codec;
  keys: KeyStore;
  /**
   * What a gateway in monitor mode says of them: the stream's own, without waiting for its classifier. Left out, they are as of one
   * with its guard off, so that the stream does all the looking.
   */
  detector?: Detector | undefined;
  fixtures?: FixtureOptions;
}

/** Gives the record of the nth interaction, the same every time but for the seal's nonce. */
export function createInteractions({ codec, keys, detector, fixtures: options }: InteractionParts): (n: number) => LogRecord {
  const fixtures = createFixtures(options);

  function verdictOn(
    request: RequestContent,
    response: ResponseContent | undefined,
  ): Pick<Interaction, 'inspectMode' | 'verdicts' | 'riskScore'> & Partial<Pick<Interaction, 'signatureVersion'>> {
    if (detector === undefined) return { inspectMode: 'off', verdicts: [], riskScore: 0 };
    const inspection = detector.inspect([...requestSegments(request), ...(response ? responseSegments(response) : [])]);
    return {
      inspectMode: 'monitor',
      signatureVersion: detector.version,
      verdicts: verdictsOf(inspection, () => 'flagged'),
      riskScore: inspection.riskScore,
    };
  }

  return function recordOf(n) {
    const made = fixtures.interaction(n);
    const request = JSON.stringify(requestOf(n));
    const answered = made.responseContent !== null;
    const response = answered ? JSON.stringify(responseOf(n)) : '';
    const interaction: Interaction = {
      ...made,
      ...verdictOn(requestOf(n), answered ? responseOf(n) : undefined),
      policyDecisions: [],
      gatewayId: 'gw-1',
      requestContent: seal(keys, made.subject, made.interactionId, 'requestContent', request),
      responseContent: answered ? seal(keys, made.subject, made.interactionId, 'responseContent', response) : null,
      requestBytes: Buffer.byteLength(request),
      responseBytes: Buffer.byteLength(response),
    };
    return {
      topic: TOPICS.interactions.name,
      key: `${made.org}/${made.agentId}`,
      timestamp: Math.floor(made.startedAt / 1_000),
      headers: { traceparent: `00-${made.traceId}-${made.spanId}-01` },
      value: codec.encode('interactions', interaction),
    };
  };
}

function requestOf(n: number): RequestContent {
  const messages: Message[] = [
    { role: 'system', parts: [{ type: 'text', text: 'You are a helpful assistant. Answer in the language of the question.' }] },
  ];
  // Two thirds are single questions, the others conversations of up to four turns.
  const turns = n % 3 === 0 ? 1 + (n % 4) : 1;
  for (let turn = 1; turn < turns; turn++) {
    messages.push({ role: 'user', parts: [{ type: 'text', text: of(benign, n * 7 + turn) }] });
    messages.push({ role: 'assistant', parts: [{ type: 'text', text: of(benign, n * 3 + turn) }] });
  }
  const text = n % ATTACK_EVERY === 0 ? of(attacks, n / ATTACK_EVERY) : of(benign, n);
  messages.push({ role: 'user', parts: [{ type: 'text', text: `${text}\nTicket ${n}` }] });
  return { messages, tools: [] };
}

function responseOf(n: number): ResponseContent {
  const text = `Ticket ${n}: ${of(benign, n * 5 + 1)}`;
  return { choices: [{ index: 0, message: { role: 'assistant', parts: [{ type: 'text', text }] }, finishReason: 'stop' }] };
}
