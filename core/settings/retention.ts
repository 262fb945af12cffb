/** How long each class of events is kept, and what stores need to keep old ones apart. */
import { z } from 'zod';
import { toParapetError } from '../errors.ts';
import { parseRetention } from '../retention.ts';

export const retentionSettings = {
  PARAPET_RETENTION: z
    .string()
    .default('')
    .transform((text, context) => {
      try {
        return parseRetention(text);
      } catch (error) {
        // One message with every mistake of the environment names this one too.
        const { message, hint } = toParapetError(error);
        context.addIssue({ code: 'custom', message: `${message.replace(/^PARAPET_RETENTION: /, '')} ${hint}` });
        return z.NEVER;
      }
    }),
};
