/**
 * The vocabulary attacks are built from, so that one pattern says one idea and a new synonym is added in one place.
 * All of it is folded text, and every gap is bounded: `words(4)` passes over at most four words and never over the end
 * of a sentence, which is what keeps "ignore the noise. The previous rules …" apart from an attack.
 */

/** Up to `n` words of one sentence. */
export function words(n: number): string {
  return `(?:[^ .!?]{1,24} ){0,${n}}`;
}

/** Up to `n` words, across sentences. */
export function anyWords(n: number): string {
  return `(?:[^ ]{1,24} ){0,${n}}`;
}

/** To stop heeding something. */
export const IGNORE =
  '(?:ignor(?:e|es|ed|ing)|disregard(?:s|ed|ing)?|forget(?:ting)?|overlook|neglect|discard|dismiss|override|overrule|bypass|circumvent|skip over|set aside|throw (?:away|out)|let go of|pay no (?:attention|heed) to|(?:do not|don.?t|stop|quit|cease|no longer|never) (?:follow(?:ing)?|obey(?:ing)?|listen(?:ing)? to|comply(?:ing)? with|adher(?:e|ing) to|heed(?:ing)?))';

/** What came before. */
export const PRIOR =
  '(?:previous(?:ly)?|prior|above|earlier|preceding|foregoing|aforementioned|past|former|initial|original|existing|current|old|first|last|before|so far|up to now|until now|already)';

/** What a model was told. */
export const RULES =
  '(?:instructions?|instruct|directions?|directives?|directions?|commands?|orders?|prompts?|rules?|guidelines?|guidance|guardrails?|constraints?|restrictions?|limitations?|safeguards?|policy|policies|programming|training|protocols?|assignments?|system messages?)';

/** Softer objects that mean the conversation itself. */
export const CONTEXT =
  '(?:context|conversations?|messages?|texts?|tasks?|requests?|statements?|content|information|inputs?|questions?|everything|anything|stuff|chats?|dialogues?|sentences?|words|lines|paragraphs?|data|output|settings?|configurations?)';

/** To say something back. */
export const REVEAL =
  '(?:reveal|show|print|display|output|repeat|recite|disclose|share|expose|leak|divulge|tell|give|send|provide|list|write|return|dump|quote|copy|paste|echo|reproduce|state|summari[sz]e|paraphrase|translate|describe|read|spell|post|type|say|export|encode|reprint|restate|transcribe|enumerate|explain|surrender|spit)';

/** The words a model was given before the user's. */
export const SYSTEM_PROMPT =
  '(?:(?:system|initial|original|hidden|secret|internal|pre|developer|base|starting|first|full|entire|exact|confidential|underlying|opening|custom|core|current|main|previous) ?-?(?:prompts?|instructions?|messages?|directives?|preprompts?|guidelines|rules|configurations?|context)|pre-?prompts?|meta-?prompts?|sys(?:tem)?_?prompts?)';

/** The model, as it is spoken to. */
export const MODEL =
  '(?:ai|a\\.i\\.|chatgpt|gpt|gpt-?[0-9]|llm|language model|chat ?bot|bot|assistant|model|agent|claude|gemini|llama|bard|copilot|openai)';

/** Rules of conduct. */
export const ETHICS =
  '(?:ethic(?:s|al)?|moral(?:s|ity)?|legal(?:ity)?|law(?:s|ful)?|safety|content|policy|policies|guidelines?|rules?|restrictions?|limit(?:s|ations?)?|filters?|filtering|censor(?:ship|ed|ing)?|boundar(?:y|ies)|constraints?|morality|guardrails?|safeguards?|principles|regulations|moderation|consequences|qualms|scruples)';
