/**
 * The built-in rule set: every family, in the order of their first appearance in a verdict. A family is one file; a new
 * one is added here.
 */
import type { Signature } from '../signature.ts';
import { exfiltration, indirect, tools } from './agentic.ts';
import { code, shell, sql } from './code.ts';
import { delimiter } from './delimiter.ts';
import { extraction } from './extraction.ts';
import { jailbreak } from './jailbreak.ts';
import { multilingual } from './multilingual.ts';
import { obfuscation } from './obfuscation.ts';
import { outputs } from './outputs.ts';
import { override } from './override.ts';
import { secrets } from './secrets.ts';

export const signatures: readonly Signature[] = [
  ...override,
  ...extraction,
  ...jailbreak,
  ...delimiter,
  ...tools,
  ...indirect,
  ...exfiltration,
  ...sql,
  ...shell,
  ...code,
  ...obfuscation,
  ...secrets,
  ...outputs,
  ...multilingual,
];
