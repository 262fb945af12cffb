/** What a kind of threat amounts to in the words that others use, for findings of which only the kind is known. */
import type { ThreatType } from './types.ts';

/** OWASP LLM Top 10 2025, OWASP Agentic and MITRE ATLAS ids; a rule of its own says more. */
const BY_TYPE: Readonly<Record<ThreatType, readonly string[]>> = {
  prompt_injection: ['LLM01', 'AML.T0051'],
  system_prompt_extraction: ['LLM07', 'AML.T0056'],
  jailbreak: ['LLM01', 'AML.T0054'],
  tool_abuse: ['LLM06', 'ASI02', 'AML.T0053'],
  data_exfiltration: ['LLM02', 'AML.T0057'],
  command_injection: ['LLM05', 'ASI05'],
  sql_injection: ['LLM05'],
  code_injection: ['LLM05', 'ASI05'],
  secret_leak: ['LLM02', 'AML.T0057'],
  obfuscation: ['LLM01', 'AML.T0068'],
  resource_abuse: ['LLM10', 'AML.T0029'],
  account_misuse: ['LLM06', 'AML.T0012'],
  // OWASP's lists name what is done to an application; ATLAS has the harm that is done with one.
  harmful_request: ['AML.T0048'],
};

/** None for a kind that is not known here: an older gateway's, or a newer one's. */
export function techniquesOf(threatType: string): string[] {
  return [...(BY_TYPE[threatType as ThreatType] ?? [])];
}
