/** What other folders use of bundles; Sigma's rules are beside it (`sigma.ts`), since a gateway needs no reader of YAML. */
export { BUNDLE_FORMAT, BUNDLE_MODES, type Bundle, type BundleMode, checkDraft, type Draft, parseDraft } from './format.ts';
export { createLiveDetector, type LiveDetector, rulesOf, type Standing } from './live.ts';
export { segmentOf } from './rules.ts';
export { keyIdOf, openBundle, type SignedBundle, signBundle } from './signed.ts';
export { fromYara } from './yara.ts';
