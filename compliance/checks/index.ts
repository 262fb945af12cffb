/** Every check, by family. Another one is a `check` in its family's file. */
import type { Check } from '../types.ts';
import { ACCESS } from './access.ts';
import { CHANGE } from './change.ts';
import { DATA } from './data.ts';
import { DETECTION } from './detection.ts';
import { GOVERNANCE } from './governance.ts';
import { INVENTORY } from './inventory.ts';
import { LOGGING } from './logging.ts';
import { OPERATIONS } from './operations.ts';
import { OVERSIGHT } from './oversight.ts';
import { THREATS } from './threats.ts';

export const CHECKS: readonly Check[] = [
  ...LOGGING,
  ...DETECTION,
  ...THREATS,
  ...OVERSIGHT,
  ...INVENTORY,
  ...DATA,
  ...ACCESS,
  ...CHANGE,
  ...OPERATIONS,
  ...GOVERNANCE,
];
