/**
 * A tuning: how a linear model that was taught by analysts' verdicts differs from the one it began as. It travels in a signed
 * bundle, so it holds one byte a weight, in steps of the base's own scale, and says which base it is for.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';

export const tuningSchema = z.strictObject({
  /** The base's version. */
  base: z.string().regex(/^[0-9a-f]{12}$/),
  /** What is added to each weight, in steps of the base's scale: bytes, deflated, in base64. */
  steps: z.base64().max(900_000),
});

export type Tuning = z.infer<typeof tuningSchema>;

export function packSteps(steps: Int8Array): string {
  return deflateRawSync(steps, { level: 9 }).toString('base64');
}

/** Undefined when these are no steps for so many weights. */
export function unpackSteps(packed: string, count: number): Int8Array | undefined {
  try {
    const bytes = inflateRawSync(Buffer.from(packed, 'base64'), { maxOutputLength: count });
    return bytes.length === count ? new Int8Array(bytes) : undefined;
  } catch {
    return undefined;
  }
}
