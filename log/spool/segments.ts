/**
 * The spool's files. A segment is filled with zeros before it is used, because syncing into space that is already
 * there costs less than half of syncing an append; a retired segment's file is used again for the same reason.
 */
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from './checkpoint.ts';

const SPARES_KEPT = 2;
const ZEROS = Buffer.alloc(1024 * 1024);
const sync = promisify(fdatasync);

export interface Segment {
  number: number;
  fd: number;
  size: number;
  /** Where the next block goes. */
  position: number;
}

export interface SegmentFiles {
  /** A segment of at least `bytes`, ready to be written. Throws what the disk throws (ENOSPC, EDQUOT, EIO …). */
  prepare(number: number, bytes: number): Promise<Segment>;
  /** Keeps the file for the next `prepare`, or removes it. */
  retire(number: number): Promise<void>;
  /** The segments in order, after a start: half-made and spare files are removed. */
  list(): Promise<{ number: number; size: number }[]>;
  /** The segments in order, touching nothing. */
  peek(): Promise<{ number: number; size: number }[]>;
  path(number: number): string;
}

export function segmentFiles(folder: string, segmentBytes: number): SegmentFiles {
  const spares: string[] = [];
  const path = (number: number) => join(folder, `${String(number).padStart(12, '0')}.segment`);

  async function peek() {
    const found: { number: number; size: number }[] = [];
    for (const name of await readdir(folder)) {
      const number = Number(/^(\d{12})\.segment$/.exec(name)?.[1] ?? Number.NaN);
      if (!Number.isNaN(number)) found.push({ number, size: (await stat(join(folder, name))).size });
    }
    return found.sort((a, b) => a.number - b.number);
  }

  return {
    path,

    async prepare(number, bytes) {
      const size = Math.max(segmentBytes, bytes);
      const spare = size === segmentBytes ? spares.pop() : undefined;
      const from = spare ?? `${path(number)}.new`;
      let fd: number | undefined;
      try {
        if (spare === undefined) await fill(from, size);
        // Opened before it has its name: a segment that exists is one that can be written.
        fd = openSync(from, 'r+');
        await rename(from, path(number));
        await syncFolder(folder);
      } catch (error) {
        if (fd !== undefined) closeSync(fd);
        await unlink(from).catch(() => undefined);
        await unlink(path(number)).catch(() => undefined);
        throw error;
      }
      return { number, fd, size, position: 0 };
    },

    async retire(number) {
      const { size } = await stat(path(number));
      if (spares.length < SPARES_KEPT && size === segmentBytes) {
        const spare = `${path(number)}.spare`;
        await rename(path(number), spare);
        spares.push(spare);
      } else {
        await unlink(path(number));
      }
    },

    async list() {
      for (const name of await readdir(folder)) {
        if (/\.(new|spare)$/.test(name)) await unlink(join(folder, name));
      }
      return peek();
    },
    peek,
  };
}

/** Writes the block at the segment's position and waits until the disk has it. */
export async function writeBlock(segment: Segment, block: Buffer): Promise<void> {
  for (let written = 0; written < block.length; ) {
    written += writeSync(segment.fd, block, written, block.length - written, segment.position + written);
  }
  await sync(segment.fd);
  segment.position += block.length;
}

/** A close that fails says nothing about what was synced before it. */
export function closeSegment(segment: Segment): void {
  try {
    closeSync(segment.fd);
  } catch {
    // The descriptor is gone in either case.
  }
}

async function fill(path: string, size: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < size; at += ZEROS.length) await file.write(ZEROS, 0, Math.min(ZEROS.length, size - at), at);
    await file.sync();
  } finally {
    await file.close();
  }
}
