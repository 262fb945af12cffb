/** What other folders use of bundles. */
export { BUNDLE_FORMAT, BUNDLE_MODES, type Bundle, type BundleMode, checkDraft, type Draft, parseDraft } from './format.ts';
export { createLiveDetector, type LiveDetector, rulesOf, type Standing } from './live.ts';
export { segmentOf } from './rules.ts';
export { keyIdOf, openBundle, type SignedBundle, signBundle } from './signed.ts';
export { fromYara } from './yara.ts';
