/** The built-in policies as policy decisions name them. */
export const POLICIES = {
  /** What an inspection found. */
  inspect: 'builtin.inspect',
  /** A guard failed, or the text was not inspected whole, or the classifier was asked and did not answer: the stream looks again. */
  incomplete: 'builtin.incomplete',
  harmful: 'builtin.harmful',
  sensitive: 'builtin.sensitive',
  quarantine: 'builtin.quarantine',
} as const;
