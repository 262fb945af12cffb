import { describe, expect, it } from 'vitest';
import { decodeState, positionOf, type States, unpack, update } from '../../detection/behaviour/index.ts';
import { observationOf } from '../../detection/behaviour/testing/script.ts';
import { createStates, type PartitionStates } from './states.ts';

const KEY = 'acme/bot';
const DAY = 86_400_000;
const BEGIN = Date.UTC(2026, 8, 1);

function count(states: PartitionStates, position: number, { user = 'ann', conversation = 'c', at = BEGIN + position * 60_000 } = {}): void {
  const held = {
    user: states.take(KEY, 'user', user, at),
    agent: states.take(KEY, 'agent', '', at),
    conversation: states.take(KEY, 'conversation', conversation, at),
  };
  const moment = update(
    { user: held.user.state, agent: held.agent.state, conversation: held.conversation.state } as States,
    observationOf({ user, conversation }, position, at),
  );
  if (moment) for (const each of Object.values(held)) states.keep(each, at);
}

/** What is in the topic after these changes. */
function written(...changes: ReturnType<PartitionStates['changes']>[]): Map<string, Buffer> {
  const topic = new Map<string, Buffer>();
  for (const { key, bytes } of changes.flat()) topic.set(key, bytes);
  for (const [key, bytes] of topic) if (bytes.length === 0) topic.delete(key);
  return topic;
}

const names = (topic: Map<string, Buffer>) => [...topic.keys()].map((key) => key.slice(key.indexOf('\u001f') + 1)).sort();
const positions = (topic: Map<string, Buffer>) => {
  const of = ([key, bytes]: [string, Buffer]) => [key.slice(key.indexOf('\u001f') + 1), positionOf(decodeState(unpack(bytes)) as never)];
  return Object.fromEntries([...topic].map(of));
};

describe('the states of a partition', () => {
  it('are the same however few of them are kept open', () => {
    const traffic = Array.from({ length: 400 }, (_, i) => ({ user: `u${(i * 7) % 23}`, conversation: `c${(i * 5) % 31}` }));
    const [few, many] = [createStates({ decoded: 6 }), createStates({ decoded: 10_000 })];
    const changes = [few, many].map((states) =>
      traffic.flatMap((each, i) => {
        count(states, i, each);
        return i % 50 === 49 ? [states.changes(BEGIN)] : [];
      }),
    );
    expect(written(...(changes[0] ?? [])).size).toBe(55);
    expect(written(...(changes[0] ?? []))).toEqual(written(...(changes[1] ?? [])));
  });

  it('are written once for a batch, and only when something was counted', () => {
    const states = createStates();
    for (let i = 0; i < 10; i++) count(states, i);
    expect(states.changes(BEGIN)).toHaveLength(3);
    count(states, 4);
    expect(states.changes(BEGIN)).toEqual([]);
  });

  it('go on from what was written, in whichever process', () => {
    const [whole, first, second] = [createStates(), createStates(), createStates()];
    for (let i = 0; i < 20; i++) count(whole, i);
    for (let i = 0; i < 10; i++) count(first, i);
    for (const { key, bytes } of first.changes(BEGIN)) second.restore({ key, value: bytes });
    // What was counted comes again, and is not counted again.
    for (let i = 5; i < 20; i++) count(second, i);
    expect(written(second.changes(BEGIN))).toEqual(written(whole.changes(BEGIN)));
  });

  it('begin anew for whoever was away too long, swept by then or not', () => {
    const at = BEGIN + 91 * DAY;
    const swept = createStates();
    const not = createStates();
    for (const states of [swept, not]) count(states, 0);
    const before = [swept.changes(BEGIN), not.changes(BEGIN)] as const;
    for (const states of [swept, not]) count(states, 1, { user: 'bob', conversation: 'd', at: at + DAY + 1 });
    const sweep = swept.changes(at + 2 * DAY);
    for (const states of [swept, not]) count(states, 2, { at: at + DAY + 2 });
    const after = [swept.changes(BEGIN), not.changes(BEGIN)] as const;
    expect(names(written(before[0], sweep))).toEqual(['agent/', 'conversation/d', 'user/bob']);
    expect(written(before[0], sweep, after[0])).toEqual(written(before[1], after[1]));
  });

  it('are not swept by an event of a clock that is ahead', () => {
    const states = createStates();
    count(states, 0);
    count(states, 1, { user: 'eve', conversation: 'd', at: Date.UTC(2106, 0, 1) });
    expect(positions(written(states.changes(BEGIN + DAY)))).toMatchObject({ 'user/ann': 0, 'conversation/c': 0 });
  });

  it('of one user can be taken back', () => {
    const states = createStates();
    count(states, 0);
    count(states, 1, { user: 'bob' });
    const first = states.changes(BEGIN);
    states.forget((name, at) => name === 'ann' && at === BEGIN);
    const second = states.changes(BEGIN);
    expect(second.map(({ bytes }) => bytes.length)).toEqual([0]);
    expect(names(written(first, second))).toEqual(['agent/', 'conversation/c', 'user/bob']);
  });
});
