/** What looks at the texts, and how long it may. */
import { z } from 'zod';
import { flag, list, milliseconds } from './kinds.ts';

export const detectionSettings = {
  PARAPET_INSPECT_MODE: z.enum(['off', 'monitor', 'block']).default('monitor'),
  PARAPET_BLOCK_SCORE: z.coerce.number().int().min(1).max(100).default(70),
  PARAPET_INSPECT_FAILURE: z.enum(['closed', 'open']).default('closed'),

  PARAPET_MODEL: z.enum(['off', 'fast', 'full']).default('full'),
  PARAPET_MODEL_PATH: z.string().optional(),
  PARAPET_MODEL_ATTACK_LABELS: list().optional(),
  PARAPET_MODEL_LINEAR: z.string().optional(),
  PARAPET_MODEL_BUDGET_MS: milliseconds(80),
  PARAPET_MODEL_LATE: z.enum(['open', 'closed']).default('open'),
  PARAPET_MODEL_THREADS: z.coerce.number().int().min(1).max(64).default(1),

  PARAPET_HARMFUL: z.enum(['off', 'monitor', 'block']).default('monitor'),

  PARAPET_CANARIES: list()
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9_-]{8,128}$/, 'a canary has 8 to 128 letters, digits, hyphens or underscores')).max(64))
    .optional(),

  PARAPET_SENSITIVE_REQUEST: z.string().default('allow'),
  PARAPET_SENSITIVE_RESPONSE: z.string().default('allow'),
  PARAPET_SENSITIVE_HASH_KEY: z.string().min(16).optional(),

  PARAPET_SIGNATURE_PUBLIC_KEYS: list().optional(),
  PARAPET_SIGNATURE_KEY: z.string().optional(),
  PARAPET_SIGNATURE_KEY_FILE: z.string().optional(),

  PARAPET_QUARANTINE: z.enum(['off', 'on']).default('off'),
  PARAPET_QUARANTINE_BELOW: z.coerce.number().int().min(1).max(100).default(25),
  PARAPET_QUARANTINE_MINUTES: z.coerce.number().int().min(1).max(43_200).default(60),

  PARAPET_MASK_NAMES: flag(false),
};

type DetectionSettings = z.infer<z.ZodObject<typeof detectionSettings>>;

/** Who asked for something to be refused must not believe that it is. */
export function detectionChecks({ PARAPET_HARMFUL, PARAPET_INSPECT_MODE, PARAPET_MODEL }: DetectionSettings): string[] {
  if (PARAPET_HARMFUL !== 'block') return [];
  return [
    ...(PARAPET_INSPECT_MODE === 'off' ? ['PARAPET_HARMFUL=block needs PARAPET_INSPECT_MODE=monitor or block'] : []),
    ...(PARAPET_MODEL === 'off' ? ['PARAPET_HARMFUL=block needs PARAPET_MODEL=fast or full'] : []),
  ];
}
