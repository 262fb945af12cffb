/**
 * How LMDB hands out the records it reads. On its own lmdb allocates a buffer for every value, which costs several times
 * what copying it does; here the values of many records lie side by side in one large buffer. A slab is freed when none of
 * its records is held any more, which suits readers: they take records by the thousand and let go of them together.
 */
const SLAB_BYTES = 256 * 1024;

/** An encoder for lmdb: what is put are bytes already; what is read is copied out of its buffer for one value. */
export function slabEncoder(): { encode(value: Buffer): Buffer; decode(value: Buffer, length: number): Buffer } {
  let slab = Buffer.alloc(0);
  let at = 0;
  return {
    encode: (value) => value,
    decode(value, length) {
      if (at + length > slab.length) {
        // A value that would fill much of a slab gets a buffer of its own, so that none is thrown away half used.
        if (length > SLAB_BYTES / 4) return copyOf(value, length);
        slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
        at = 0;
      }
      const start = at;
      at += value.copy(slab, start, 0, length);
      return slab.subarray(start, at);
    },
  };
}

function copyOf(value: Buffer, length: number): Buffer {
  const own = Buffer.allocUnsafeSlow(length);
  value.copy(own, 0, 0, length);
  return own;
}
