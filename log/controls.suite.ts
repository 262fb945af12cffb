/** What following the controls must do on every engine of the log. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Codec } from '../schemas/codec.ts';
import { type Controls, controlRecord, followControls, publishControl } from './controls.ts';
import type { EventLog } from './port.ts';

export interface ControlLogs {
  /** The same log each time, as another process would open it. */
  open(): Promise<EventLog>;
  codec: Codec;
}

export function describeControls(name: string, start: () => Promise<ControlLogs>): void {
  describe(`controls: ${name}`, () => {
    const closing: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
    });

    async function two(): Promise<{ writer: EventLog; codec: Codec; follow(through?: (log: EventLog) => EventLog): Promise<Controls> }> {
      const { open, codec } = await start();
      const writer = await open();
      closing.push(() => writer.close());
      return {
        writer,
        codec,
        async follow(through = (log: EventLog) => log) {
          const opened = await open();
          closing.push(() => opened.close());
          const log = through(opened);
          const controls = await followControls(log, codec);
          closing.push(() => controls.close());
          return controls;
        },
      };
    }
    const control = (key: string, value: string | null, org = 'acme') => {
      return { org, kind: 'quarantine', key, issuedAt: Date.now() * 1_000, actor: 'test', value };
    };

    it('hold as they were said last, also for who comes later', async () => {
      const { writer, codec, follow } = await two();
      await publishControl(writer, codec, control('a', '1'));
      await publishControl(writer, codec, control('b', '1'));
      await publishControl(writer, codec, control('a', '2'));
      await publishControl(writer, codec, control('a', '3', 'other'));
      await publishControl(writer, codec, control('b', null));
      const controls = await follow();
      expect(controls.find('acme', 'quarantine', 'a')?.value).toBe('2');
      expect(controls.find('other', 'quarantine', 'a')?.value).toBe('3');
      expect(controls.find('acme', 'quarantine', 'b')).toBeUndefined();
      expect(controls.list('quarantine')).toHaveLength(2);
      expect(controls.list('erasure')).toEqual([]);
    });

    it('reach who follows without being asked, and only then change its version', async () => {
      const { writer, codec, follow } = await two();
      const controls = await follow();
      const { version } = controls;
      const told: number[] = [];
      controls.onChange(() => told.push(controls.version));
      await controls.refresh();
      expect(controls.version).toBe(version);
      expect(told).toEqual([]);
      await publishControl(writer, codec, control('c', '1'));
      await expect.poll(() => controls.find('acme', 'quarantine', 'c')?.value, { timeout: 10_000, interval: 20 }).toBe('1');
      expect(controls.version).toBeGreaterThan(version);
      expect(told).toEqual([controls.version]);
    });

    it('hold and are told of in one step, however slow the next partition is', async () => {
      const { writer, codec, follow } = await two();
      const controls = await follow((log) => ({
        ...log,
        read: async (place, limits) => {
          if (place.partition > 0) await new Promise((resolve) => setTimeout(resolve, 200));
          return log.read(place, limits);
        },
      }));
      let told = 0;
      controls.onChange(() => {
        told += controls.list('quarantine').length;
      });
      await writer.append(['d', 'e', 'f', 'g', 'h'].map((key) => controlRecord(codec, control(key, '1'))));
      await expect.poll(() => controls.list('quarantine').length, { timeout: 10_000, interval: 5 }).toBeGreaterThan(0);
      expect(told).toBeGreaterThan(0);
    });
  });
}
