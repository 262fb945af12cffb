/**
 * The contract of detection: text in, findings out. No IO, no clock, no state that shows: the same text and the
 * same signatures give the same findings, in the gateway and in a replay years later.
 */
import type { Segment } from '../schemas/content.ts';

export type Severity = 'low' | 'medium' | 'high' | 'critical';

export type ThreatType =
  | 'prompt_injection'
  | 'jailbreak'
  | 'system_prompt_extraction'
  | 'data_exfiltration'
  | 'tool_abuse'
  | 'command_injection'
  | 'sql_injection'
  | 'code_injection'
  | 'secret_leak'
  | 'obfuscation'
  | 'resource_abuse'
  | 'account_misuse'
  /** Somebody asks a model for harm. No attack on the application: it is recorded, and has no say in the risk. */
  | 'harmful_request';

export const HARMFUL_REQUEST = 'harmful_request' satisfies ThreatType;

export interface Finding {
  /** Stable id of the signature, e.g. `PI-0012`. */
  ruleId: string;
  ruleVersion: number;
  layer: 'signature' | 'behaviour' | 'model';
  threatType: ThreatType;
  severity: Severity;
  /** 0–1: how sure this rule alone is that the text is an attack. */
  score: number;
  /** OWASP LLM Top 10 2025 (`LLM01`), OWASP Agentic (`ASI01`) and MITRE ATLAS (`AML.T0051.000`) ids. */
  techniques: string[];
  direction: Segment['direction'];
  role: Segment['role'];
  /** The segment's path, e.g. `messages[2].parts[0]`. */
  path: string;
  /** How the text was made readable before it matched, outermost first, e.g. `['base64']`; empty when it matched as sent. */
  via: string[];
  /** The matched text with a little context, at most 160 characters, personal data not yet masked. */
  excerpt: string;
  /** Of a rule on trial: recorded, and without a say in the risk. */
  staged?: true;
}

export interface Inspection {
  findings: Finding[];
  /** 0–100, monotone in the findings. */
  riskScore: number;
  /** True when a bound (length, nesting, decoded volume, findings) stopped the scan early; a policy may treat that as a finding. */
  truncated: boolean;
  /** How it went with the classifier; left out where it was not asked, because nobody runs one or nothing was in doubt. */
  classifier?: 'read' | 'late' | 'failed';
  /** 0–1: how likely somebody asks for harm; left out where it is too unlikely to look closer. */
  harmful?: number;
  /** Likely enough to refuse it, where that is the policy. */
  surelyHarmful?: true;
}

export interface Detector {
  /** Version of the signature set, recorded with every verdict. */
  readonly version: string;
  inspect(segments: readonly Segment[]): Inspection;
  /**
   * The same, and where that leaves it in doubt a slower look, for which it waits at most so long. Left out by detectors
   * that have no slower look.
   */
  inspectFully?(segments: readonly Segment[], withinMs: number): Promise<Inspection>;
  /** Where rules may change: what judges by those of now, for whoever must judge request and answer by the same. */
  readonly current?: Detector;
}

export interface Masker {
  /** Personal data and secrets replaced by `[EMAIL]`, `[SSN]`, `[CREDIT_CARD]` …; the rest of the text unchanged. */
  mask(text: string): { text: string; counts: Record<string, number> };
}
