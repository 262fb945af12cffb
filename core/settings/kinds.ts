/** How the environment writes numbers, times and switches. */
import { z } from 'zod';

export const MiB = 1024 * 1024;
export const bytes = (fallback: number) => z.coerce.number().int().positive().default(fallback);
export const milliseconds = (fallback: number) => z.coerce.number().int().nonnegative().default(fallback);
export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false', '1', '0'])
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true' || text === '1');

/** `a,b`: words without the white space around them, at least one. */
export const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  );

/** An organisation. `<org>/<person or agent>` names a subject, so that a slash in it could make two subjects one. */
export const organisation = () =>
  z
    .string()
    .min(1)
    .regex(/^[^/]*$/, 'a name without a slash');
