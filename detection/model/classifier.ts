/** What the ensemble needs of a classifier; `models/serve` runs one in threads of its own. */

export interface ClassifierReading {
  /** Log-odds that the text is an attack. */
  logit: number;
  /** By label, what the classifier gave. */
  labels: Record<string, number>;
}

export type ClassifierAnswer = { kind: 'read'; readings: ClassifierReading[] } | { kind: 'late' } | { kind: 'failed'; reason: string };

export interface Classifier {
  readonly version: string;
  /** Texts of about 128 tokens, in one go. Never throws. */
  read(texts: readonly string[], withinMs: number): Promise<ClassifierAnswer>;
  close(): Promise<void>;
}
