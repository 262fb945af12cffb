/**
 * Bundles of signatures on their way from the log into a running detector. Their control holds text and signature; only
 * whoever has the private key can make one that is obeyed, whoever may write to the log. A control that is taken back or
 * overwritten takes no rules away: what holds is what was signed last.
 */
import { join } from 'node:path';
import { dataPaths, type Environment } from '../core/environment.ts';
import { nowMicros } from '../core/ids.ts';
import type { Logger } from '../core/logger.ts';
import type { Metrics } from '../core/metrics.ts';
import { BUNDLE_MODES, type Bundle, createLiveDetector, type LiveDetector, type SignedBundle } from '../detection/bundles/index.ts';
import { trustedKeys } from '../keys/signing.ts';
import type { Controls } from '../log/controls.ts';
import type { Control } from '../schemas/types.ts';
import { type BundleStore, openBundleStore } from './bundle-store.ts';
import type { OpenDetector } from './index.ts';

const KIND = 'signatures';
/** Bundles are the same for every organisation. */
const ALL = '*';

export function bundleControl({ mode }: Pick<Bundle, 'mode'>, { text, signature }: SignedBundle, actor: string): Control {
  const value = JSON.stringify({ bundle: text, signature: signature.toString('base64') });
  return { org: ALL, kind: KIND, key: mode, issuedAt: nowMicros(), actor, value };
}

/** What the log says was published last, in either mode; nobody has checked it. */
export function bundlesIn(controls: Pick<Controls, 'find'>): SignedBundle[] {
  return BUNDLE_MODES.flatMap((mode) => {
    const value = controls.find(ALL, KIND, mode)?.value;
    return typeof value === 'string' ? [signedOf(value)] : [];
  });
}

/** What is no bundle at all is one that nobody signed. */
function signedOf(value: string): SignedBundle {
  try {
    const { bundle, signature } = JSON.parse(value) as { bundle?: unknown; signature?: unknown };
    return { text: String(bundle), signature: Buffer.from(String(signature), 'base64') };
  } catch {
    return { text: value, signature: Buffer.alloc(0) };
  }
}

export const bundleStoreOf = (env: Environment) => openBundleStore(join(dataPaths(env).signatures, 'bundles'));

export interface LiveParts {
  logger: Logger;
  metrics: Metrics;
  /** Leaves an audit event. */
  audit(action: string, details: Record<string, string>): Promise<unknown>;
}

export interface LiveRules {
  detector: LiveDetector;
  /** Takes what holds now and whatever is published from now on. */
  follow(controls: Controls, parts: LiveParts): void;
}

/**
 * The detector with the bundles that this machine has seen before. Undefined when nobody is trusted to publish any: then
 * there is nothing to follow either. Throws PARAPET_CONFIG_INVALID when a trusted key cannot be read.
 */
export function openLiveRules(env: Environment, { detector, make, base }: OpenDetector): LiveRules | undefined {
  const trusted = trustedKeys(env);
  if (trusted.length === 0) return undefined;
  const store = bundleStoreOf(env);
  const live = createLiveDetector({ detector, make, trusted });
  const known = live.take(store.newest(), { takenBefore: true });
  return {
    detector: live,
    follow(controls, parts) {
      const say = sayer(live, store, base, parts);
      for (const { error } of known.refused) parts.logger.error({ code: error.code, err: error.message }, 'a stored bundle is refused');
      const obey = () => say(live.take(bundlesIn(controls)));
      controls.onChange(obey);
      obey();
      say({ taken: [], refused: [] });
    },
  };
}

/** What was taken is kept, and all of it is said once. */
function sayer(
  live: LiveDetector,
  store: BundleStore,
  base: string | undefined,
  { logger, metrics, audit }: LiveParts,
): (result: ReturnType<LiveDetector['take']>) => void {
  const offered = metrics.counter('parapet_signature_bundles_total', 'Bundles of signatures that were published, by what came of it.', [
    'result',
  ]);
  const holds = metrics.gauge('parapet_signature_bundle_version', 'The bundle of signatures that holds, by its mode.', ['mode']);
  const refusedBefore = new Set<string>();

  function note(action: string, details: Record<string, string>): void {
    audit(action, details).catch((error: unknown) => logger.error({ action, err: String(error) }, 'an audit event could not be written'));
  }

  return ({ taken, refused }) => {
    for (const { bundle, signed } of taken) {
      const { version, mode, signatures, disabled, model } = bundle;
      offered.inc({ result: 'taken' });
      logger.info({ bundle: version, mode, rules: signatures.length, signatures: live.version }, 'a bundle of signatures is taken');
      const fits = model === undefined || model.base === base;
      if (!fits)
        logger.warn(
          { bundle: version, base, tuned: model.base },
          'the bundle was taught by another model than this one; its rules hold, its model does not',
        );
      note('signatures.taken', {
        bundle: String(version),
        mode,
        rules: String(signatures.length),
        disabled: String(disabled.length),
        signatures: live.version,
        ...(model === undefined ? {} : { model: fits ? 'tuned' : 'of another base' }),
      });
      try {
        store.save(bundle, signed);
      } catch (error) {
        logger.error({ bundle: version, err: String(error) }, 'a bundle holds, but could not be kept on disk for the next start');
      }
    }
    for (const { error, signed } of refused) {
      const name = signed.signature.toString('base64') + signed.text;
      if (refusedBefore.has(name)) continue;
      refusedBefore.add(name);
      offered.inc({ result: 'refused' });
      logger.error({ code: error.code, err: error.message }, 'a bundle of signatures is refused; what held goes on holding');
      note('signatures.refused', { code: error.code, reason: error.message.slice(0, 1_000) });
    }
    for (const { mode, version } of Object.values(live.standing())) holds.set({ mode }, version);
  };
}
