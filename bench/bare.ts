/** The baseline: Fastify and undici, parse the JSON, forward it, parse the answer, send it. No guard, no record. */
import Fastify from 'fastify';
import { Pool } from 'undici';

const upstream = new URL(process.argv[2] as string);
const pool = new Pool(upstream.origin, { connections: 256, pipelining: 1 });
const app = Fastify({ logger: false });

app.post('/v1/chat/completions', async (request, reply) => {
  const body = request.body as { stream?: boolean };
  const answer = await pool.request({
    path: `${upstream.pathname}/chat/completions`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!body.stream) return answer.body.json();
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
  for await (const chunk of answer.body) reply.raw.write(chunk);
  reply.raw.end();
});

const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ url });
