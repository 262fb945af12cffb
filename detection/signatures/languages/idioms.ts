/**
 * Sixteen things an attack says, whatever the language: each language's file gives its own words for all of them, so a gap
 * does not compile. The subtle point is that patterns are folded: accents are gone (`précédentes` is `precedentes`),
 * German ß is s, Turkish ı is i, Arabic alif has no hamza and Hindi letters no dot.
 */
import { EVERYWHERE, type Rule, type Signature, signaturesOf } from '../../signature.ts';

/** One language's words for one idea. */
export interface Idiom extends Pick<Rule, 'pattern' | 'anchors' | 'positive' | 'negative'> {
  /** Raised whenever the pattern or the score changes; 1 when left out. */
  version?: number;
  /** Where this language says it less surely, or more, than the others. */
  score?: number;
}

type Shared = Pick<Rule, 'n' | 'description' | 'score' | 'version'> & Pick<Signature, 'threatType' | 'techniques'>;

const INJECTION = ['LLM01', 'ASI01', 'AML.T0051.000'];
const PLANTED = ['LLM01', 'ASI01', 'AML.T0051.001'];
const JAILBREAK = ['LLM01', 'AML.T0054'];
const EXTRACTION = ['LLM07', 'AML.T0056'];

/** What the languages share, in the order of their ids. */
const IDEAS = {
  override: { n: 1, version: 2, description: 'Override: drop your instructions.', score: 0.72, threatType: 'prompt_injection', techniques: INJECTION },
  extraction: { n: 2, description: 'Extraction: show your prompt.', score: 0.68, threatType: 'system_prompt_extraction', techniques: EXTRACTION },
  unbound: { n: 3, description: 'Jailbreak: have no limits.', score: 0.65, threatType: 'jailbreak', techniques: JAILBREAK },
  successor: { n: 4, description: 'Override: new orders take the place of the old.', score: 0.7, threatType: 'prompt_injection', techniques: INJECTION },
  persona: { n: 5, description: 'Jailbreak: a mode or a persona that refuses nothing.', score: 0.72, threatType: 'jailbreak', techniques: JAILBREAK },
  forgery: { n: 6, description: 'Forged role: words of the system inside a message.', score: 0.7, threatType: 'prompt_injection', techniques: INJECTION },
  reader: { n: 7, description: 'Planted: speaks to the AI that reads the document.', score: 0.7, threatType: 'prompt_injection', techniques: PLANTED },
  exfiltration: { n: 8, description: 'Exfiltration: data to an address or into a link.', score: 0.7, threatType: 'data_exfiltration', techniques: ['LLM02', 'ASI02', 'AML.T0086'] },
  unseen: { n: 9, description: 'Tool abuse: act without asking or telling the user.', score: 0.65, threatType: 'tool_abuse', techniques: ['LLM06', 'ASI02', 'AML.T0053'] },
  readout: { n: 10, description: 'Extraction: say what stands above, or the secret.', score: 0.62, threatType: 'system_prompt_extraction', techniques: EXTRACTION },
  swap: { n: 11, description: 'Override: leave the task, do another.', score: 0.65, threatType: 'prompt_injection', techniques: INJECTION },
  rank: { n: 12, description: 'Jailbreak: claims to be the operator, and orders.', score: 0.65, threatType: 'jailbreak', techniques: JAILBREAK },
  disguise: { n: 13, description: 'Extraction: the secret or the prompt in code, spelled, translated or rhymed.', score: 0.7, threatType: 'system_prompt_extraction', techniques: EXTRACTION },
  pretext: { n: 14, description: 'Jailbreak: a story, a game or research in which nothing is refused.', score: 0.65, threatType: 'jailbreak', techniques: JAILBREAK },
  verdict: { n: 15, description: 'Planted: how the AI shall rate, choose or recommend.', score: 0.65, threatType: 'prompt_injection', techniques: PLANTED },
  threat: { n: 16, description: 'Jailbreak: harm or reward, so that it obeys.', score: 0.6, threatType: 'jailbreak', techniques: JAILBREAK },
} satisfies Record<string, Shared>; // biome-ignore format: a table reads better wide

export type Idioms = Record<keyof typeof IDEAS, Idiom>;

/** Ids are never reused: each language has ten from its first on, and of those that came later six behind all of these. */
function idOf(after: number, n: number): number {
  return n <= 10 ? after + n : 500 + (after / 10) * 6 + n - 10;
}

/** The signatures of one language; `after` is the id before its first, a multiple of ten. */
export function spoken(language: string, after: number, idioms: Idioms): Signature[] {
  return signaturesOf({
    prefix: 'ML',
    threatType: 'prompt_injection',
    techniques: INJECTION,
    languages: [language],
    applies: EVERYWHERE,
    rules: (Object.keys(IDEAS) as (keyof Idioms)[]).map((idea) => {
      const { n, description, ...shared } = IDEAS[idea];
      return { severity: 'high', ...shared, ...idioms[idea], n: idOf(after, n), description: description.replace(':', ` (${language}):`) };
    }),
  });
}

/** Up to `n` signs of one clause, for scripts that put no space between words. */
export function signs(n: number): string {
  return `[^,、。!?;:\\n]{0,${n}}`;
}
