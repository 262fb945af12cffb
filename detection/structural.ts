/**
 * Findings that no pattern makes: a text that carries another one invisibly. Nobody types tag characters or runs of
 * variation selectors, so their presence is a sign by itself, whatever the hidden text says.
 */
import type { Finding } from './types.ts';

export type HiddenBy = 'tags' | 'variation-selectors' | 'invisible-bits';

export const HIDDEN_RULES: Record<
  HiddenBy,
  Pick<Finding, 'ruleId' | 'ruleVersion' | 'threatType' | 'severity' | 'score' | 'techniques'>
> = {
  tags: {
    ruleId: 'OB-0001',
    ruleVersion: 1,
    threatType: 'obfuscation',
    severity: 'high',
    score: 0.9,
    techniques: ['LLM01', 'ASI01', 'AML.T0068'],
  },
  'variation-selectors': {
    ruleId: 'OB-0002',
    ruleVersion: 1,
    threatType: 'obfuscation',
    severity: 'high',
    score: 0.85,
    techniques: ['LLM01', 'ASI01', 'AML.T0068'],
  },
  'invisible-bits': {
    ruleId: 'OB-0003',
    ruleVersion: 1,
    threatType: 'obfuscation',
    severity: 'high',
    score: 0.7,
    techniques: ['LLM01', 'ASI01', 'AML.T0068'],
  },
};
