import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createKafkaJsLogger, createSocketFactory, LEVELS } from './internals.ts';

interface Answer {
  correlationId: number;
  payload: Buffer;
}

interface Connection {
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  requestQueue: { fulfillRequest(answer: Answer): void };
}

const Connection = createRequire(import.meta.url)('kafkajs/src/network/connection') as new (options: object) => Connection;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An answer as it travels: its length, the number of its question, what it says. */
function framed(correlationId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + payload.length, 0);
  head.writeInt32BE(correlationId, 4);
  return Buffer.concat([head, payload]);
}

/** A connection of kafkajs to a broker that does the next of these things each time it is called, and what it made of them. */
async function brokerThat(...behaviours: ((socket: Socket) => void)[]) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    cleanups.push(() => socket.destroy());
    behaviours.shift()?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  const { port } = server.address() as { port: number };
  const logger = createKafkaJsLogger({ level: LEVELS.NOTHING, logCreator: () => () => {} });
  const connection = new Connection({
    host: '127.0.0.1',
    port,
    logger,
    socketFactory: createSocketFactory(),
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
  });
  cleanups.push(() => connection.disconnect());
  const answers: Answer[] = [];
  connection.requestQueue.fulfillRequest = (answer) => void answers.push(answer);
  return { connection, answers };
}

async function until(fact: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!fact()) {
    if (Date.now() > deadline) throw new Error('the awaited fact did not come true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a connection of kafkajs that comes back', () => {
  const whole = framed(7, Buffer.from('the answer'));

  it.each([2, 6, 11])('reads the first answer as one although %i bytes of another had arrived before the break', async (bytes) => {
    let broken = false;
    const { connection, answers } = await brokerThat(
      (socket) => {
        socket.once('close', () => {
          broken = true;
        });
        socket.write(framed(3, Buffer.alloc(100)).subarray(0, bytes), () => setTimeout(() => socket.destroy(), 20));
      },
      (socket) => socket.write(whole),
    );
    await connection.connect();
    await until(() => broken);
    await connection.disconnect();
    await connection.connect();
    await until(() => answers.length > 0);
    expect(answers.map(({ correlationId, payload }) => [correlationId, payload.toString()])).toEqual([[7, 'the answer']]);
  });

  it('hears nothing more of the socket before', async () => {
    let old: Socket | undefined;
    const { connection, answers } = await brokerThat(
      (socket) => {
        old = socket;
      },
      () => {},
    );
    await connection.connect();
    await until(() => old !== undefined);
    await connection.disconnect();
    await connection.connect();
    old?.write(whole);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answers).toEqual([]);
  });
});
