/** The layers of detection, by the names that `parapet eval --layers` knows them by. */
import { createDetector } from '../detector.ts';
import { riskScore } from '../score.ts';
import type { Finding, Inspection } from '../types.ts';
import type { ThreatRow } from './rows.ts';

export const LAYERS = ['signatures'] as const;
export type LayerName = (typeof LAYERS)[number];

/** What the layers say of one text. */
export interface Judgement {
  /** 0–100, of all layers together. */
  score: number;
  byLayer: { layer: LayerName; score: number }[];
  /** Ids of the rules that found something, the surest first. */
  rules: string[];
  truncated: boolean;
}

export interface Judged extends ThreatRow, Judgement {}

export type Judge = (text: string) => Judgement;

/**
 * Judges each text alone, as a user's message: an attack that is one only because of where it stands counts as missed.
 */
export function createJudge(layers: readonly LayerName[]): { judge: Judge; versions: { name: LayerName; version: string }[] } {
  const inspectors = layers.map((layer) => ({ layer, ...INSPECTORS[layer]() }));
  const judge: Judge = (text) => {
    const inspected = inspectors.map(({ layer, inspect }) => ({ layer, ...inspect(text) }));
    const findings: Finding[] = inspected.flatMap((each) => each.findings).sort((a, b) => b.score - a.score);
    return {
      score: riskScore(findings),
      byLayer: inspected.map(({ layer, riskScore: score }) => ({ layer, score })),
      rules: findings.map(({ ruleId }) => ruleId),
      truncated: inspected.some(({ truncated }) => truncated),
    };
  };
  return { judge, versions: inspectors.map(({ layer, version }) => ({ name: layer, version })) };
}

interface Inspector {
  version: string;
  inspect(text: string): Inspection;
}

const INSPECTORS: Record<LayerName, () => Inspector> = {
  signatures: () => {
    const { version, inspect } = createDetector();
    return {
      version,
      inspect: (text) => inspect([{ direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text }]),
    };
  },
};
