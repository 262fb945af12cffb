/**
 * The stores that activities stand on, opened when an activity begins and closed soon after the last one ended: a worker that waits
 * for approvals must not keep the embedded ClickHouse from others. Settings are read anew for each activity, so that an approver who
 * was revoked meanwhile is.
 */
import type { AssemblyParts } from '../../compliance/assembly/index.ts';
import { readComplianceSettings } from '../../compliance/settings.ts';

export interface OpenDesk {
  parts: AssemblyParts;
  close(): Promise<void>;
}

export interface Desks {
  use<T>(org: string, act: (parts: AssemblyParts) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const LINGER_MS = 3_000;

interface Opened {
  desk: Promise<OpenDesk>;
  users: number;
  timer: NodeJS.Timeout | undefined;
}

export function createDesks(open: (org: string) => Promise<OpenDesk>, lingerMs = LINGER_MS): Desks {
  const desks = new Map<string, Opened>();
  const closing = new Set<Promise<void>>();

  function take(org: string): Opened {
    let opened = desks.get(org);
    if (opened === undefined) {
      // The embedded engine is opened once in a process: what nobody uses, and what is closing now, closes first.
      for (const [other, { users }] of desks) if (users === 0) release(other);
      const desk = Promise.all(closing).then(() => open(org));
      opened = { desk, users: 0, timer: undefined };
      desks.set(org, opened);
    }
    clearTimeout(opened.timer);
    opened.users += 1;
    return opened;
  }

  function release(org: string): void {
    const opened = desks.get(org);
    if (opened === undefined) return;
    desks.delete(org);
    clearTimeout(opened.timer);
    // One that did not open has said so to whoever asked for it.
    const closed = opened.desk.then((desk) => desk.close()).catch(() => undefined);
    closing.add(closed);
    void closed.finally(() => closing.delete(closed));
  }

  return {
    async use(org, act) {
      const opened = take(org);
      try {
        const { parts } = await opened.desk;
        const settings = readComplianceSettings(parts.sources.env.PARAPET_COMPLIANCE_FILE);
        return await act({ ...parts, sources: { ...parts.sources, settings } });
      } catch (error) {
        // The next one opens it anew.
        if (desks.get(org) === opened && opened.users === 1) release(org);
        throw error;
      } finally {
        opened.users -= 1;
        if (opened.users === 0 && desks.get(org) === opened) opened.timer = setTimeout(() => release(org), lingerMs);
      }
    },
    async close() {
      for (const org of [...desks.keys()]) release(org);
      await Promise.all(closing);
    },
  };
}
