/** Streams and their promises: clients that leave or stall, vendors that never end, and what must be on disk before what is sent. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { writeBlock } from '../log/spool/segments.ts';
import { ask, eventually, type Harness, type HarnessOptions, ROUTES, startHarness, WIRES } from './testing/harness.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: HarnessOptions = {}): Promise<Harness> {
  const harness = await startHarness(options);
  cleanups.push(() => harness.stop());
  return harness;
}

/** Asks for a stream and leaves after its first chunk. */
async function leaveEarly(harness: Harness, route: string, body: object): Promise<void> {
  const abort = new AbortController();
  const response = await fetch(harness.url + route, {
    method: 'POST',
    headers: { authorization: `Bearer ${harness.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: abort.signal,
  });
  await response.body?.getReader().read();
  abort.abort();
}

describe('a stream that its client abandons', () => {
  it('is drained to its end, so that its tokens are counted, in every format', async () => {
    const harness = await start();
    for (const [i, wire] of WIRES.entries()) {
      await leaveEarly(harness, ROUTES[wire], ask('[[sandbox: chunk_delay_ms=15,chunks=10]] Tell me', { stream: true }));
      const made = (await harness.events(i + 1))[i];
      expect(made).toMatchObject({ status: 'abandoned', httpStatus: 200, errorCode: null, finishReason: 'stop', wireFormat: wire });
      expect(made?.usage?.outputTokens).toBeGreaterThan(0);
    }
  });

  it('is cut after the drain time when its vendor goes on, and says so', async () => {
    const harness = await start({ env: { PARAPET_ABANDON_DRAIN_MS: '150' } });
    await leaveEarly(harness, ROUTES['openai.chat'], ask('[[sandbox: chunk_delay_ms=40,chunks=500,text_chars=5000]] Go', { stream: true }));
    const [made] = await harness.events(1);
    expect(made).toMatchObject({ status: 'abandoned', errorCode: 'PARAPET_VENDOR_TIMEOUT' });
    expect(made?.latencyMs).toBeLessThan(5_000);
    if (made) expect(harness.unsealed(made).response?.choices[0]?.message.parts.length).toBe(1);
  });
});

describe('a client that leaves before its whole answer', () => {
  it('is abandoned, and what the answer cost is known', async () => {
    const harness = await start();
    const abort = new AbortController();
    const gone = fetch(harness.url + ROUTES['openai.chat'], {
      method: 'POST',
      headers: { authorization: `Bearer ${harness.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(ask('[[sandbox: delay_ms=150]] Hi')),
      signal: abort.signal,
    }).catch(() => undefined);
    await eventually(() => harness.sandbox.asked() === 1);
    abort.abort();
    await gone;
    const [made] = await harness.events(1);
    expect(made).toMatchObject({ status: 'abandoned', httpStatus: 0, streaming: false, finishReason: 'stop' });
    expect(made?.usage?.outputTokens).toBeGreaterThan(0);
  });
});

describe('a client that stops reading', () => {
  it('holds the vendor back instead of filling the memory, and counts as gone after its time', { timeout: 20_000 }, async () => {
    let sent = 0;
    const filler = `data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'x'.repeat(16_000) }, finish_reason: null }] })}\n\n`;
    const vendor = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = () => {
        while (!response.destroyed && sent < 400 * 1024 * 1024) {
          sent += filler.length;
          if (!response.write(filler)) return;
        }
      };
      response.on('drain', more);
      more();
    });
    await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      vendor.closeAllConnections();
      vendor.close();
    });
    const harness = await start({
      vendorUrl: `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/v1`,
      env: { PARAPET_CLIENT_STALL_MS: '400', PARAPET_ABANDON_DRAIN_MS: '50' },
    });
    const body = JSON.stringify(ask('Go', { stream: true }));
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(
      `POST ${ROUTES['openai.chat']} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(() => sent > 0);
    // While the client stalls the vendor stands still: what it could send is in the sockets' buffers.
    let before = -1;
    await eventually(async () => {
      if (sent === before) return true;
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return false;
    });
    expect(before).toBeLessThan(40 * 1024 * 1024);
    const [made] = await harness.events(1);
    expect(made?.status).toBe('abandoned');
    expect(made?.errorCode).toMatch(/PARAPET_(CLIENT_STALLED|VENDOR_TIMEOUT|VENDOR_GARBAGE)/);
  });
});

describe('what is durable before what is sent', () => {
  /** A disk that waits at the blocks chosen. */
  function gate() {
    let held: (() => void) | undefined;
    const state = {
      closed: false,
      open() {
        state.closed = false;
        held?.();
        held = undefined;
      },
      holding: () => held !== undefined,
      writeBlock: (async (segment, block) => {
        if (state.closed)
          await new Promise<void>((resolve) => {
            held = resolve;
          });
        await writeBlock(segment, block);
      }) satisfies typeof writeBlock,
    };
    return state;
  }

  it.each(['monitor', 'block'])('in %s mode no byte leaves before the intent, no end mark before the end', async (mode) => {
    const disk = gate();
    const harness = await start({ writeBlock: disk.writeBlock, env: { PARAPET_INSPECT_MODE: mode } });
    disk.closed = true;
    let text = '';
    let head = false;
    let done = false;
    const answer = harness
      .post(ROUTES['openai.chat'], ask('[[sandbox: text_chars=3000,chunks=60,chunk_delay_ms=4]] Go', { stream: true }))
      .then(async (response) => {
        head = true;
        const decoder = new TextDecoder();
        for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
        done = true;
      });
    await eventually(() => disk.holding() && harness.sandbox.asked() === 1);
    // The vendor is answering for some time already.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(head).toBe(false);
    disk.open();
    await eventually(() => text.length > 0);
    disk.closed = true;
    await eventually(() => disk.holding());
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(text).toContain('"content"');
    expect(text).not.toContain('[DONE]');
    expect(done).toBe(false);
    disk.open();
    await answer;
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('a whole answer is not sent before its end, and an error before its vendor is none', async () => {
    const disk = gate();
    const harness = await start({ writeBlock: disk.writeBlock });
    for (const body of [
      ask('Hi'),
      ask('[[sandbox: status=500]] Hi'),
      ask('Hi', { model: 'nobody' }),
      ask('[[sandbox: garbage=1]] Hi', { stream: true }),
    ]) {
      disk.closed = true;
      let answered = false;
      const answer = harness.post(ROUTES['openai.chat'], body).then((response) => {
        answered = true;
        return response.text();
      });
      await eventually(() => disk.holding());
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(answered).toBe(false);
      disk.open();
      await answer;
    }
    expect((await harness.events(4)).map((each) => each.status)).toEqual(['answered', 'failed', 'rejected', 'failed']);
  });

  it('in monitor mode no chunk waits for another', async () => {
    const harness = await start();
    const response = await harness.post(
      ROUTES['openai.chat'],
      ask('[[sandbox: chunk_delay_ms=150,chunks=3,text_chars=30]] Go', { stream: true }),
    );
    const began = performance.now();
    const times: number[] = [];
    for await (const chunk of response.body ?? [])
      if (Buffer.from(chunk as Uint8Array).includes('"content"')) times.push(performance.now() - began);
    expect(times.length).toBeGreaterThanOrEqual(3);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(200);
  });
});
