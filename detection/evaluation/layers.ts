/** The layers of detection, by the names that `parapet eval --layers` knows them by, and what a judge says of a text. */
import type { ThreatRow } from './rows.ts';

export const LAYERS = ['signatures', 'linear', 'classifier'] as const;
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

/** Judges each text alone, as a user's message: an attack that is one only because of where it stands counts as missed. */
export type Judge = (text: string) => Judgement | Promise<Judgement>;
