/** A mock vendor for the benches: one fixed chat completion, or a stream of N chunks, with as little work as possible. */
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

const [port = '0', chunks = '200', chunkDelayMs = '0'] = process.argv.slice(2);

const server = createServer((request, response) => {
  const body: Buffer[] = [];
  request.on('data', (piece: Buffer) => body.push(piece));
  request.on('end', () => {
    if (!Buffer.concat(body).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const next = () => {
      // Each chunk says when it left, so that the reader can tell how long it was held on the way.
      response.write(chunk({ role: 'assistant', content: `word ${performance.timeOrigin + performance.now()} ` }, null));
      sent += 1;
      if (sent < Number(chunks)) {
        if (Number(chunkDelayMs) > 0) setTimeout(next, Number(chunkDelayMs));
        else setImmediate(next);
      } else response.end(`${chunk({}, 'stop')}${usage}data: [DONE]\n\n`);
    };
    next();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.send?.({ url: `http://127.0.0.1:${address.port}/v1` });
});
