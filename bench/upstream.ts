/**
 * A mock vendor for the benches: one fixed chat completion, or a stream of 200 chunks, with as little work as possible.
 * A prompt that says `[pace 5]` gets a chunk every 5 ms, any other one as fast as they go. Every chunk says when it left,
 * by the machine's monotonic clock, which all its processes share.
 */
import { createServer } from 'node:http';

const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'bench-model',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'The harbour wakes before the town does, and every ledger wants a second reader. '.repeat(3),
        },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 120, completion_tokens: 48, total_tokens: 168 },
  }),
);
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'bench-model', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const usage = `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'bench-model', choices: [], usage: { prompt_tokens: 120, completion_tokens: 200, total_tokens: 320 } })}\n\n`;

const CHUNKS = 200;

const now = () => Number(process.hrtime.bigint()) / 1e6;

const server = createServer((request, response) => {
  const body: Buffer[] = [];
  request.on('data', (piece: Buffer) => body.push(piece));
  request.on('end', () => {
    const text = Buffer.concat(body).toString('latin1');
    if (!text.includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
      return;
    }
    const paceMs = Number(/\[pace (\d+)\]/.exec(text)?.[1] ?? 0);
    const started = performance.now();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const next = () => {
      response.write(chunk({ role: 'assistant', content: `word ${now()} ` }, null));
      sent += 1;
      // Each chunk is due at its time from the start, so that a late timer does not slow the stream down.
      const dueMs = started + sent * paceMs - performance.now();
      const then = sent === CHUNKS ? end : next;
      if (paceMs > 0) setTimeout(then, Math.max(0, dueMs));
      else setImmediate(then);
    };
    const end = () => response.end(`${chunk({ content: `last ${now()} ` }, 'stop')}${usage}data: [DONE]\n\n`);
    next();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.send?.({ url: `http://127.0.0.1:${address.port}/v1` });
});
