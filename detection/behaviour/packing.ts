/**
 * States are mostly zeros: of a user who came five times two thirds of the bytes. Packed, a run of zeros is a zero and its
 * length; that takes a microsecond or two, where a real compressor takes thirty. What does not get shorter stays as it is.
 */
const PACKED = 0xb6;
const LONGEST = 255;

let scratch = Buffer.alloc(16 * 1024);

/** A copy of its own, shorter where it can be. `bytes` do not begin with the mark of packed ones. */
export function pack(bytes: Uint8Array): Buffer {
  if (scratch.length < 2 * bytes.length + 1) scratch = Buffer.alloc(2 * bytes.length + 1);
  let to = 1;
  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i] as number;
    scratch[to++] = byte;
    i++;
    if (byte !== 0) continue;
    let run = 1;
    while (run < LONGEST && bytes[i] === 0) {
      run++;
      i++;
    }
    scratch[to++] = run;
  }
  scratch[0] = PACKED;
  const shorter = to < bytes.length ? scratch.subarray(0, to) : bytes;
  // Not from Node's pool: it is kept long, and would keep its neighbours too.
  const out = Buffer.allocUnsafeSlow(shorter.length);
  out.set(shorter);
  return out;
}

/** What was packed. Bytes that were not are given back; so may be others' leavings, which the reader of states refuses. */
export function unpack(packed: Uint8Array): Uint8Array {
  if (packed[0] !== PACKED) return packed;
  let length = 0;
  for (let i = 1; i < packed.length; i++) length += packed[i] === 0 ? (packed[++i] ?? 0) : 1;
  const bytes = new Uint8Array(length);
  let to = 0;
  for (let i = 1; i < packed.length; i++) {
    const byte = packed[i] as number;
    if (byte === 0) to += packed[++i] ?? 0;
    else bytes[to++] = byte;
  }
  return bytes;
}
