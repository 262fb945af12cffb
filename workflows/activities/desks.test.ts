import { describe, expect, it, vi } from 'vitest';
import type { AssemblyParts } from '../../compliance/assembly/index.ts';
import { readEnvironment } from '../../core/environment.ts';
import { createDesks } from './desks.ts';

/** Says what is open. */
function watched() {
  const open = new Set<string>();
  const most = { at: 0, opened: 0 };
  return {
    open,
    most,
    async make(org: string) {
      if (org === 'broken') throw new Error('down');
      open.add(org);
      most.opened += 1;
      most.at = Math.max(most.at, open.size);
      const parts = { sources: { env: readEnvironment({}) } } as unknown as AssemblyParts;
      return {
        parts,
        close: async () => {
          open.delete(org);
        },
      };
    },
  };
}

describe('the stores of activities', () => {
  it('are shared by those that run at once, and closed soon after the last', async () => {
    const seen = watched();
    const desks = createDesks(seen.make, 10);
    await Promise.all([desks.use('a', async () => undefined), desks.use('a', async () => undefined)]);
    expect(seen.most.opened).toBe(1);
    await vi.waitFor(() => expect(seen.open.size).toBe(0));
    await desks.use('a', async () => expect(seen.open).toContain('a'));
    await desks.close();
    expect(seen.open.size).toBe(0);
  });

  it('of one organisation close before those of the next open', async () => {
    const seen = watched();
    const desks = createDesks(seen.make, 60_000);
    await desks.use('a', async () => undefined);
    await desks.use('b', async () => undefined);
    expect(seen.most).toEqual({ at: 1, opened: 2 });
    await desks.close();
  });

  it('are opened anew after a failure', async () => {
    const seen = watched();
    const desks = createDesks(seen.make, 60_000);
    await expect(desks.use('broken', async () => undefined)).rejects.toThrow('down');
    await expect(desks.use('a', () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    await desks.use('a', async () => undefined);
    expect(seen.most.opened).toBe(2);
    await desks.close();
  });
});
