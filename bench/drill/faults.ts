/**
 * What a drill does to Parapet and to what it stands on. The dice decide which fault comes next, whom it hits and how long
 * it lasts, three throws each, so that a seed gives the same faults whatever the machine makes of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningParapet } from '../parapet.ts';
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
  /** Resolves when the fault is over; what it did is in the entry from the beginning on. */
  next(entry: Fault): Promise<void>;
}

export interface FaultTargets {
  parapet: RunningParapet;
  servers: readonly KillableServer[];
  links: ReadonlyMap<string, Link>;
}

/** Mostly gateways, then the processors and the sinks of every store, also the vendor. */
const PARTS = [
  ['gateway', 0.36],
  ['clickhouse', 0.52],
  ['processors', 0.68],
  ['lake', 0.78],
  ['elasticsearch', 0.84],
  ['influxdb', 0.9],
  ['sandbox', 1],
] as const;

export function createFaults({ parapet, servers, links }: FaultTargets, random: () => number): Faults {
  const pick = <T>(all: readonly T[], dice: number) => all[Math.floor(dice * all.length)] as T;

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
  async function outside(entry: Fault, which: number, length: number): Promise<void> {
    if (which < 0.1) {
      const server = pick(servers, which * 10);
      const ms = Math.round(length * 3_000);
      Object.assign(entry, { fault: 'kill server', target: server.name, ms });
      return server.kill(ms);
    }
    if (which < 0.4 || links.size === 0) {
      const server = pick(servers, (which * 7) % 1);
      const ms = Math.round(200 + length * 3_000);
      Object.assign(entry, { fault: 'freeze server', target: server.name, ms });
      return server.freeze(ms);
    }
    const [name, link] = pick([...links], (which * 7) % 1);
    const ms = Math.round(100 + length * 2_000);
    const slow = which > 0.75;
    Object.assign(entry, { fault: slow ? 'slow link' : 'cut link', target: name, ms });
    return slow ? link.slow(50 + Math.round(length * 300), ms) : link.cut(ms);
  }

  return {
    async next(entry) {
      const dice = random();
      const which = random();
      const length = random();
      if (servers.length > 0 && dice < 0.4) return outside(entry, which, length);
      if (dice > 0.85) {
        // Also starts the supervisor anew, and with it the pauses before it starts a part that fell again.
        entry.fault = 'kill all';
        return parapet.killAll();
      }
      const { target, pid } = await part(which);
      Object.assign(entry, { target, pid });
      if (dice > 0.7) {
        const ms = Math.round(200 + length * 800);
        Object.assign(entry, { fault: 'freeze', ms });
        if (send(pid, 'SIGSTOP')) await sleep(ms);
        send(pid, 'SIGCONT');
        return;
      }
      entry.fault = 'kill';
      send(pid, 'SIGKILL');
    },
  };
}
