/** What the classifier said of the texts it was asked about lately: conversations and templates bring the same text again. */
export interface Answers {
  /** The raw output for each label; undefined when the text is not remembered. */
  find(text: string): Float32Array | undefined;
  add(text: string, logits: Float32Array): void;
}

/** Room for `most` texts; the half that was longest without being asked about goes first. A text is known by all of its characters. */
export function createAnswers(most: number): Answers {
  let young = new Map<string, Float32Array>();
  let old: typeof young = new Map();

  function add(text: string, logits: Float32Array): void {
    if (young.size >= most / 2) {
      old = young;
      young = new Map();
    }
    if (most > 0) young.set(text, logits);
  }

  return {
    add,
    find(text) {
      const known = young.get(text);
      if (known !== undefined) return known;
      const older = old.get(text);
      if (older !== undefined) add(text, older);
      return older;
    },
  };
}
