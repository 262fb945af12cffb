/**
 * What a drill does to Parapet and to what it stands on. The dice decide which fault comes next, whom it hits and how long
 * it lasts, three throws each, so that a seed gives the same faults whatever the machine makes of them. They overlap, as a
 * server takes longer to come back than the next fault waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningParapet } from '../parapet.ts';
import type { SmallDisk } from './disk.ts';
import { MEMBER_KINDS, type Members } from './members.ts';
import type { Link } from './proxy.ts';
import { type KillableServer, send } from './servers.ts';

export interface Fault {
  fault: string;
  /** The part of Parapet, the server or the link that was hit; not set when it was all of Parapet. */
  target?: string;
  pid?: number;
  /** How long it was frozen, down, cut or slow. */
  ms?: number;
}

export interface Faults {
  /**
   * Begins the next fault; what it does is in the entry from then on. It goes on while others come, but nobody is hit again
   * before it is over. Resolves once it has begun. Rejects when an earlier one could not be mended.
   */
  begin(entry: Fault): Promise<void>;
  /** Resolves when all of them are over. */
  over(): Promise<void>;
}

export interface FaultTargets {
  parapet: RunningParapet;
  servers: readonly KillableServer[];
  links: ReadonlyMap<string, Link>;
  /** Undefined where the log cannot be shared by more members than there are. */
  members: Members | undefined;
  /** Undefined where this process may not mount one. */
  disk: SmallDisk | undefined;
}

/** Mostly gateways, then the processors and the sinks of every store, also the vendor. */
const PARTS = [
  ['gateway', 0.36],
  ['clickhouse', 0.52],
  ['processors', 0.68],
  ['lake', 0.78],
  ['elasticsearch', 0.84],
  ['influxdb', 0.89],
  ['postgres', 0.94],
  ['sandbox', 1],
] as const;

export function createFaults({ parapet, servers, links, members, disk }: FaultTargets, random: () => number): Faults {
  const pick = <T>(all: readonly T[], dice: number) => all[Math.floor(dice * all.length)] as T;
  /** What is under way, by whom it hits. */
  const underWay = new Map<string, Promise<void>>();
  let unmended: unknown;

  async function hit(target: string, fault: () => Promise<void>): Promise<void> {
    await underWay.get(target);
    const over = fault()
      .catch((error) => {
        unmended ??= error;
      })
      .finally(() => underWay.delete(target));
    underWay.set(target, over);
  }

  async function part(which: number): Promise<{ target: string; pid: number }> {
    const wanted = (PARTS.find(([, below]) => which < below) ?? PARTS[0])[0];
    for (;;) {
      const running = Object.entries(await parapet.pids());
      const fitting = running.filter(([name]) => name.startsWith(wanted));
      const all = fitting.length > 0 ? fitting : running;
      const hit = all[Math.floor((which * 1_000) % Math.max(1, all.length))];
      if (hit) return { target: hit[0], pid: hit[1] };
      await sleep(50);
    }
  }

  /** Faults of servers and networks, where there are any. */
  function outside(entry: Fault, which: number, length: number): Promise<void> {
    if (which < 0.1) {
      const server = pick(servers, which * 10);
      const ms = Math.round(length * 3_000);
      Object.assign(entry, { fault: 'kill server', target: server.name, ms });
      return hit(server.name, () => server.kill(ms));
    }
    if (which < 0.4 || links.size === 0) {
      const server = pick(servers, (which * 7) % 1);
      const ms = Math.round(200 + length * 3_000);
      Object.assign(entry, { fault: 'freeze server', target: server.name, ms });
      return hit(server.name, () => server.freeze(ms));
    }
    const [name, link] = pick([...links], (which * 7) % 1);
    const ms = Math.round(100 + length * 2_000);
    const slow = which > 0.75;
    Object.assign(entry, { fault: slow ? 'slow link' : 'cut link', target: name, ms });
    return hit(`link ${name}`, () => (slow ? link.slow(50 + Math.round(length * 300), ms) : link.cut(ms)));
  }

  /** One more member comes into the groups, and leaves them as it likes. */
  function rebalance(entry: Fault, which: number, length: number): Promise<void> {
    const kind = pick(MEMBER_KINDS, which);
    const ms = Math.round(3_000 + length * 9_000);
    const abruptly = (which * 13) % 1 < 0.5;
    Object.assign(entry, { fault: abruptly ? 'member joins and is killed' : 'member joins and leaves', target: kind, ms });
    return hit(`member ${kind}`, () => (members as Members).visit(kind, ms, abruptly));
  }

  return {
    async begin(entry) {
      if (unmended !== undefined) throw unmended;
      const dice = random();
      const which = random();
      const length = random();
      if (dice < 0.04 && members !== undefined) return rebalance(entry, which, length);
      if (dice < 0.06 && disk !== undefined) {
        const ms = Math.round(200 + length * 3_000);
        Object.assign(entry, { fault: 'full disk', target: 'data folder', ms });
        return hit('disk', () => disk.fill(ms));
      }
      if (servers.length > 0 && dice < 0.42) return outside(entry, which, length);
      if (dice > 0.88) {
        // Also starts the supervisor anew, and with it the pauses before it starts a part that fell again.
        entry.fault = 'kill all';
        return parapet.killAll();
      }
      const { target, pid } = await part(which);
      Object.assign(entry, { target, pid });
      if (dice > 0.73) {
        const ms = Math.round(200 + length * 800);
        Object.assign(entry, { fault: 'freeze', ms });
        return hit(`part ${pid}`, async () => {
          if (send(pid, 'SIGSTOP')) await sleep(ms);
          send(pid, 'SIGCONT');
        });
      }
      entry.fault = 'kill';
      send(pid, 'SIGKILL');
    },

    async over() {
      while (underWay.size > 0) await Promise.all(underWay.values());
      if (unmended !== undefined) throw unmended;
    },
  };
}
