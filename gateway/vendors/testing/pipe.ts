/**
 * The shortest gateway there is, for tests of formats and adapters: a client's request is parsed, sent to a vendor
 * through its adapter, and the answer parsed and rendered back. No guards, no events, no retries. Subtle: it always
 * renders from the canonical form, also where client and vendor speak the same format, so that nothing slips through
 * unread; `passThrough` sends the vendor's own frames instead.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ParapetError, toParapetError } from '../../../core/errors.ts';
import { createAccumulator } from '../../wire/accumulator.ts';
import { createWireFormats } from '../../wire/index.ts';
import { createSseParser } from '../../wire/sse.ts';
import type { CanonicalAnswer, CanonicalRequest, RenderContext, WireFormat } from '../../wire/types.ts';
import { readUnterminated } from '../end-mark.ts';
import { createVendors, type VendorKind } from '../index.ts';
import { isUsageOnlyChunk } from '../openai/index.ts';
import type { VendorAdapter } from '../types.ts';

export interface Pipe {
  url: string;
  /** What went through last. */
  last(): { request: CanonicalRequest; sent: Record<string, unknown>; answer: CanonicalAnswer | undefined };
  close(): Promise<void>;
}

export async function createPipe(options: { upstream: string; vendor: VendorKind; model?: string; passThrough?: boolean }): Promise<Pipe> {
  const formats = createWireFormats();
  const adapter = createVendors()[options.vendor];
  let request: CanonicalRequest | undefined;
  let sent: Record<string, unknown> = {};
  let answer: CanonicalAnswer | undefined;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const format = formatOf(formats, incoming.url ?? '');
    try {
      const rawBody = await bodyOf(incoming);
      request = format.parseRequest(JSON.parse(rawBody.toString()));
      const call = adapter.buildRequest({ request, model: options.model ?? request.model, rawBody, apiKey: 'key' });
      sent = JSON.parse(call.body.toString()) as Record<string, unknown>;
      const sandbox = incoming.headers['x-sandbox'];
      const headers = { ...call.headers, ...(typeof sandbox === 'string' ? { 'x-sandbox': sandbox } : {}) };
      const upstream = await fetch(options.upstream + call.path, { method: 'POST', headers, body: new Uint8Array(Buffer.from(call.body)) });
      if (!upstream.ok) throw adapter.parseError(upstream.status, Object.fromEntries(upstream.headers), await upstream.text());
      const context: RenderContext = { interactionId: 'int_1', request, security };
      if (request.stream) answer = await stream(upstream, response, format, context, adapter, options.passThrough === true);
      else {
        answer = adapter.parseResponse(parseBody(await upstream.text()));
        send(response, 200, format.renderResponse(answer, context));
      }
    } catch (thrown) {
      const error = toParapetError(thrown);
      send(response, error.status, format.renderError(error, 'int_1'));
    }
  }

  const server = createServer((incoming, response) => void handle(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    last() {
      if (request === undefined) throw new Error('Nothing went through yet.');
      return { request, sent, answer };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function stream(
  upstream: Response,
  response: ServerResponse,
  format: WireFormat,
  context: RenderContext,
  adapter: VendorAdapter,
  passThrough: boolean,
): Promise<CanonicalAnswer> {
  const frames = createSseParser();
  const parser = adapter.createStreamParser();
  const renderer = format.createStreamRenderer(context);
  const collected = createAccumulator();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  try {
    for await (const chunk of upstream.body ?? []) {
      for (const frame of frames.push(Buffer.from(chunk))) {
        for (const event of parser.push(frame)) {
          if (event.type === 'error') throw event.error;
          collected.push(event);
          if (!passThrough) response.write(renderer.render(event));
        }
        if (passThrough && (context.request.streamUsage || !isUsageOnlyChunk(frame.data))) response.write(frame.raw);
      }
    }
    const rest = frames.end();
    for (const event of readUnterminated(parser, rest)) {
      collected.push(event);
      response.write(passThrough && rest !== undefined ? Buffer.concat([rest.raw, Buffer.from('\n\n')]) : renderer.render(event));
    }
    if (!collected.finished) throw new ParapetError('PARAPET_VENDOR_CUT');
  } catch (thrown) {
    response.write(renderer.renderError(toParapetError(thrown, 'PARAPET_VENDOR_CUT')));
  }
  response.end();
  return collected.answer();
}

function formatOf(formats: ReturnType<typeof createWireFormats>, path: string): WireFormat {
  if (path.startsWith('/v1/messages')) return formats['anthropic.messages'];
  return path.startsWith('/v1/ai/completions') ? formats['parapet.completions'] : formats['openai.chat'];
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ParapetError('PARAPET_VENDOR_GARBAGE', { cause });
  }
}

function security(): { threats_detected: number; policy_violations: number; risk_score: number } {
  return { threats_detected: 1, policy_violations: 0, risk_score: 0.25 };
}

function send(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
