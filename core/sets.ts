/** Sets of very many ids or numbers, for counting: a Set of ten million ids would take over a gigabyte. */
import { hash } from 'node:crypto';

const FIRST_SLOTS = 1_024;
/** Above this share of slots taken, looking for a free one takes long. */
const FULLEST = 0.65;

/** Ids by 64 bits of their SHA-256, in 12 to 25 bytes each: of ten million, two are taken for one with a chance of one in 370,000. */
export class IdSet {
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  size = 0;

  /** False when it was there already. */
  add(id: string): boolean {
    const digest = hash('sha256', id, 'buffer');
    // A free slot is nought twice; no id is.
    const [high, low] = [digest.readUInt32LE(0), digest.readUInt32LE(4) || 1];
    if (!put(this.#slots, high, low)) return false;
    this.size += 1;
    if (2 * this.size > FULLEST * this.#slots.length) this.#grow();
    return true;
  }

  #grow(): void {
    const slots = new Uint32Array(2 * this.#slots.length);
    for (let at = 0; at < this.#slots.length; at += 2) {
      const [high, low] = [this.#slots[at] as number, this.#slots[at + 1] as number];
      if (low !== 0) put(slots, high, low);
    }
    this.#slots = slots;
  }
}

/** Each slot is a pair; their number is a power of two. */
function put(slots: Uint32Array, high: number, low: number): boolean {
  const mask = slots.length / 2 - 1;
  for (let slot = high & mask; ; slot = (slot + 1) & mask) {
    const there = slots[2 * slot + 1];
    if (there === low && slots[2 * slot] === high) return false;
    if (there !== 0) continue;
    slots[2 * slot] = high;
    slots[2 * slot + 1] = low;
    return true;
  }
}

const BLOCK_BITS = 2 ** 16;

/** Whole numbers from 0 on, a bit each where they stand close together. */
export class NumberSet {
  readonly #blocks = new Map<number, Uint32Array>();

  add(number: number): void {
    const name = Math.floor(number / BLOCK_BITS);
    const block = this.#blocks.get(name) ?? new Uint32Array(BLOCK_BITS / 32);
    this.#blocks.set(name, block);
    const bit = number % BLOCK_BITS;
    block[bit >>> 5] = (block[bit >>> 5] as number) | (1 << (bit & 31));
  }

  /** How many there are from this one on. */
  countFrom(first: number): number {
    let count = 0;
    for (const [name, block] of this.#blocks) {
      const start = name * BLOCK_BITS;
      if (start + BLOCK_BITS <= first) continue;
      for (let word = 0; word < block.length; word++) {
        let bits = block[word] as number;
        const at = start + 32 * word;
        if (at < first) bits = first - at >= 32 ? 0 : bits & (-1 << (first - at));
        count += ones(bits);
      }
    }
    return count;
  }
}

/** Bits that are set, by adding neighbours. */
function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
