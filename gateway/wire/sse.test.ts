/**
 * Promises of the SSE parser: the bytes decide, never how the network cut them; nothing is lost, nothing grows without
 * bound, and no byte sequence makes it fall over.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser, type SseEvent } from './sse.ts';

interface Parsed {
  events: SseEvent[];
  rest: SseEvent | undefined;
}

function parse(chunks: Buffer[], maxEventBytes?: number): Parsed {
  const parser = createSseParser(maxEventBytes === undefined ? {} : { maxEventBytes });
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  return { events, rest: parser.end() };
}

function splitAt(bytes: Buffer, cuts: number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, [...places, bytes.length][i]));
}

const read = (text: string) => parse([Buffer.from(text)]).events.map(({ event, data }) => ({ event, data }));

/** Streams made of what matters to the parser, so that random ones hit its corners. */
const stream = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'data: a',
        'data:b',
        'data',
        'event: ping',
        ': comment',
        'id: 7',
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        '\r\n\r\n',
        'é🚢',
        '\uFEFF',
      ),
      fc.uint8Array({ maxLength: 6 }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece)))));

describe('the SSE parser', () => {
  it('gives the same frames for any split of any bytes, and every byte once', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 12 }), (bytes, cuts) => {
        const whole = parse([bytes]);
        const split = parse(splitAt(bytes, cuts));
        expect(split).toEqual(whole);
        expect(parse([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
        const raws = [...whole.events.map((event) => event.raw), ...(whole.rest === undefined ? [] : [whole.rest.raw])];
        expect(Buffer.concat(raws)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['\n', '\r\n', '\r'])('reads the standard examples framed by %j', (eol) => {
    const lines = [
      ': test stream',
      '',
      'data: first event',
      'id: 1',
      '',
      'data:second',
      'event: add',
      '',
      'data:  third',
      'data',
      'data:x',
      '',
      '',
    ];
    expect(read(lines.join(eol)).filter(({ data }) => data !== '')).toEqual([
      { event: undefined, data: 'first event' },
      { event: 'add', data: 'second' },
      { event: undefined, data: ' third\n\nx' },
    ]);
  });

  it('gives a CR-framed event at once, and a CRLF-framed one with its last LF', () => {
    const cr = createSseParser();
    expect(cr.push(Buffer.from('data: a\r\r')).map(({ data }) => data)).toEqual(['a']);
    const crlf = createSseParser();
    expect(crlf.push(Buffer.from('data: a\r\n\r'))).toEqual([]);
    expect(crlf.push(Buffer.from('\n')).map(({ raw }) => raw.toString())).toEqual(['data: a\r\n\r\n']);
  });

  it('keeps the bytes of pings and comments, without data', () => {
    const { events } = parse([Buffer.from(': ping\n\ndata: x\n\n')]);
    expect(events.map(({ data, raw }) => [data, raw.toString()])).toEqual([
      ['', ': ping\n\n'],
      ['x', 'data: x\n\n'],
    ]);
  });

  it('drops a byte order mark from the first frame only', () => {
    expect(read('\uFEFFdata: a\n\ndata: \uFEFFb\n\n').map(({ data }) => data)).toEqual(['a', '\uFEFFb']);
  });

  it('shows invalid UTF-8 as U+FFFD', () => {
    const { events } = parse([Buffer.concat([Buffer.from('data: a'), Buffer.from([0xff, 0xc3]), Buffer.from('b\n\n')])]);
    expect(events[0]?.data).toBe('a\uFFFD\uFFFDb');
  });

  it('tells what was left unterminated, but not as an event', () => {
    const { events, rest } = parse([Buffer.from('data: a\n\ndata: [DONE]\n')]);
    expect(events).toHaveLength(1);
    expect(rest).toMatchObject({ data: '[DONE]' });
    expect(parse([Buffer.from('data: a\n\n')]).rest).toBeUndefined();
  });

  it('refuses an event over its limit, whole or in pieces, ended or not', () => {
    const garbage = expect.objectContaining({ code: 'PARAPET_VENDOR_GARBAGE' });
    const long = Buffer.from(`data: ${'x'.repeat(100)}\n\n`);
    expect(() => parse([long], 64)).toThrow(garbage);
    expect(() =>
      parse(
        [...long].map((byte) => Buffer.from([byte])),
        64,
      ),
    ).toThrow(garbage);
    expect(() => parse([long.subarray(0, 90)], 64)).toThrow(garbage);
    expect(parse([long], long.length).events).toHaveLength(1);
  });

  it('takes an event of a megabyte in small chunks in linear time', () => {
    const bytes = Buffer.from(`data: ${'x'.repeat(1 << 20)}\n\n`);
    const parser = createSseParser();
    const started = performance.now();
    let events: SseEvent[] = [];
    for (let at = 0; at < bytes.length; at += 16) events = events.concat(parser.push(bytes.subarray(at, at + 16)));
    expect(events[0]?.data).toHaveLength(1 << 20);
    // Joining anew for each of the 65,000 chunks would move 34 GB: many seconds, on any machine.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
