/**
 * The built-in rule set: every family, in the order of their first appearance in a verdict. A family is one file; a new
 * one is added here.
 */
import type { Signature } from '../signature.ts';
import { exfiltration, indirect, tools } from './agentic.ts';
import { code, shell, sql } from './code.ts';
import { delimiter } from './delimiter.ts';
import { dictated } from './dictated.ts';
import { errands } from './errands.ts';
import { extraction } from './extraction.ts';
import { fictions } from './fictions.ts';
import { jailbreak } from './jailbreak.ts';
import { multilingual } from './multilingual.ts';
import { obfuscation } from './obfuscation.ts';
import { outputs } from './outputs.ts';
import { override } from './override.ts';
import { payloads } from './payloads.ts';
import { poisoned } from './poisoned.ts';
import { pressure } from './pressure.ts';
import { probing } from './probing.ts';
import { secrets } from './secrets.ts';
import { urgency } from './urgency.ts';

export const signatures: readonly Signature[] = [
  ...override,
  ...dictated,
  ...extraction,
  ...probing,
  ...jailbreak,
  ...pressure,
  ...fictions,
  ...delimiter,
  ...tools,
  ...poisoned,
  ...indirect,
  ...errands,
  ...urgency,
  ...exfiltration,
  ...sql,
  ...shell,
  ...code,
  ...payloads,
  ...obfuscation,
  ...secrets,
  ...outputs,
  ...multilingual,
];
