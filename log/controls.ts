/**
 * Controls: what every process obeys from now on, told through the compacted topic `controls`. Whoever follows has the last
 * value of each org, kind and key, and a new one within a second. The subtle point: nobody commits anything here. A follower
 * reads the topic from its start, so that a process that was away, or is new, knows as much as the others.
 */

import { toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Control } from '../schemas/types.ts';
import type { EventLog, LogRecord, PartitionRange } from './port.ts';
import { TOPICS } from './topics.ts';

/** A look is one question to the log where nothing is new. */
const LOOK_MS = 500;
const READ_RECORDS = 1_000;
const READ_BYTES = 8 * 1024 * 1024;

export interface Controls {
  /** Grows with every change, so that whatever is made from the controls can be kept until then. */
  readonly version: number;
  /** The controls of a kind that hold, those taken back left out. */
  list(kind: string): Control[];
  find(org: string, kind: string, key: string): Control | undefined;
  /** Told of every change from now on; must not throw. */
  onChange(listener: () => void): void;
  /** Looks now. Throws PARAPET_LOG_UNAVAILABLE. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Resolves when the log has it for good. Every follower has it within a second. */
export async function publishControl(log: EventLog, codec: Codec, control: Control): Promise<void> {
  await log.append([controlRecord(codec, control)]);
}

/** The record of a control, to be appended together with others. */
export function controlRecord(codec: Codec, control: Control): LogRecord {
  return {
    topic: TOPICS.controls.name,
    key: controlKey(control),
    timestamp: Math.floor(control.issuedAt / 1_000),
    headers: {},
    value: codec.encode('controls', control),
  };
}

/** Reads all that hold, then goes on looking until closed; what is there stays while the log does not answer. */
export async function followControls(log: EventLog, codec: Codec, logger?: Logger): Promise<Controls> {
  const topic = TOPICS.controls.name;
  const held = new Map<string, Control>();
  /** By partition: where to read on, and the end up to which was read. */
  const places = new Map<number, { next: number; end: number }>();
  let version = 0;
  let closed = false;
  let silent = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  const listeners: (() => void)[] = [];

  async function look(): Promise<void> {
    for (const range of await log.ranges(topic)) await readOn(range);
  }

  async function readOn({ partition, start, end }: PartitionRange): Promise<void> {
    const place = places.get(partition) ?? { next: start, end: start };
    places.set(partition, place);
    while (place.end < end) {
      const records = await log.read({ topic, partition, offset: place.next }, { maxRecords: READ_RECORDS, maxBytes: READ_BYTES });
      await codec.prepare(
        'controls',
        records.map(({ value }) => value),
      );
      const before = version;
      for (const { offset, value } of records) {
        take(partition, offset, value);
        place.next = offset + 1;
      }
      // In the same step as they begin to hold: nobody sees a control that who follows was not told of.
      if (version !== before) for (const tell of listeners) tell();
      // Offsets may end with ones that are no records.
      if (records.length === 0 || place.next >= end) place.end = end;
    }
  }

  function take(partition: number, offset: number, value: Buffer): void {
    try {
      const control = codec.decode('controls', value);
      if (control.value === null) held.delete(controlKey(control));
      else held.set(controlKey(control), control);
      version += 1;
    } catch (error) {
      logger?.error({ code: toParapetError(error).code, topic, partition, offset }, 'a control cannot be read, and is not obeyed');
    }
  }

  /** One at a time, in order: a partition's records must not be taken twice. */
  function refresh(): Promise<void> {
    const done = looking.then(look);
    looking = done.catch(() => undefined);
    return done;
  }

  async function tick(): Promise<void> {
    try {
      await refresh();
      silent = false;
    } catch (error) {
      if (!silent && !closed) logger?.warn({ code: toParapetError(error).code }, 'controls cannot be read now; those known still hold');
      silent = true;
    }
    if (!closed) schedule();
  }

  function schedule(): void {
    timer = setTimeout(() => void tick(), LOOK_MS);
    timer.unref();
  }

  await refresh();
  schedule();
  return {
    get version() {
      return version;
    },
    list: (kind) => [...held.values()].filter((control) => control.kind === kind),
    find: (org, kind, key) => held.get(controlKey({ org, kind, key })),
    onChange: (listener) => void listeners.push(listener),
    refresh,
    async close() {
      closed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

/** Also the record's key, which compaction goes by. */
export function controlKey({ org, kind, key }: Pick<Control, 'org' | 'kind' | 'key'>): string {
  return `${org}/${kind}/${key}`;
}
