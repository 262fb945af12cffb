/**
 * A detector whose rules change while it works: the built-in ones, with the bundle that is enforced and the one on trial.
 * The new detector is made whole before it takes the place of the old one, between two inspections; whatever goes wrong on
 * the way leaves the old one where it is. Who wants to stay with one set of rules holds on to `current`.
 */
import type { KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ParapetError, toParapetError } from '../../core/errors.ts';
import type { Tuning } from '../model/tuning.ts';
import type { Signature } from '../signature.ts';
import { signatures as builtIn } from '../signatures/index.ts';
import type { Detector } from '../types.ts';
import type { Bundle, BundleMode } from './format.ts';
import { openBundle, type SignedBundle } from './signed.ts';

export interface LiveDetector extends Detector {
  readonly current: Detector;
  /** The bundles that hold. */
  standing(): Standing;
  /** Takes what is new, trusted and whole; what was taken before needs no trying out. Never throws. */
  take(offered: readonly SignedBundle[], options?: { takenBefore?: boolean }): Taken;
}

export type Standing = Partial<Record<BundleMode, Bundle>>;

export interface Taken {
  taken: { bundle: Bundle; signed: SignedBundle }[];
  refused: { error: ParapetError; signed: SignedBundle }[];
}

export interface LiveOptions {
  /** With the built-in rules. */
  detector: Detector;
  /** Makes a detector of the same kind with other rules, its model tuned. */
  make(signatures: readonly Signature[], tuning: Tuning | undefined): Detector;
  /** Ed25519 public keys of those whose bundles are taken. */
  trusted: readonly KeyObject[];
}

export function createLiveDetector({ detector, make, trusted }: LiveOptions): LiveDetector {
  let current = detector;
  let standing: Standing = {};
  const texts: Partial<Record<BundleMode, string>> = {};

  function open(signed: SignedBundle, after: Standing, takenBefore: boolean): Bundle {
    const bundle = openBundle(signed, trusted, { takenBefore });
    const before = after[bundle.mode]?.version ?? 0;
    if (bundle.version > before) return bundle;
    throw new ParapetError('PARAPET_BUNDLE_INVALID', {
      message: `Bundle ${bundle.version} (${bundle.mode}) is not taken: ${before} is there already, and versions only count up.`,
    });
  }

  return {
    get version() {
      return current.version;
    },
    get current() {
      return current;
    },
    inspect: (segments) => current.inspect(segments),
    ...(detector.inspectFully === undefined
      ? {}
      : { inspectFully: async (segments, withinMs) => current.inspectFully?.(segments, withinMs) ?? current.inspect(segments) }),
    standing: () => standing,
    take(offered, { takenBefore = false } = {}) {
      const result: Taken = { taken: [], refused: [] };
      let next = standing;
      for (const signed of offered) {
        if (Object.values(texts).includes(signed.text)) continue;
        try {
          const bundle = open(signed, next, takenBefore);
          next = { ...next, [bundle.mode]: bundle };
          result.taken.push({ bundle, signed });
        } catch (error) {
          result.refused.push({ error: toParapetError(error), signed });
        }
      }
      if (result.taken.length === 0) return result;
      try {
        current = make(rulesOf(next), next.enforce?.model);
      } catch (cause) {
        const error = new ParapetError('PARAPET_BUNDLE_INVALID', { message: `The bundle's rules do not run: ${String(cause)}`, cause });
        return { taken: [], refused: [...result.refused, ...result.taken.map(({ signed }) => ({ error, signed }))] };
      }
      standing = next;
      for (const { bundle, signed } of result.taken) texts[bundle.mode] = signed.text;
      return result;
    },
  };
}

/**
 * The rules that hold. A trial only adds: what it is to replace goes on counting beside it, and what is enforced later
 * than it ends it.
 */
export function rulesOf({ enforce, monitor }: Standing, all: readonly Signature[] = builtIn): Signature[] {
  const gone = new Set([...(enforce?.disabled ?? []), ...(enforce?.signatures ?? []).map(({ id }) => id)]);
  const held = [...all.filter(({ id }) => !gone.has(id)), ...(enforce?.signatures ?? [])];
  if (monitor === undefined || monitor.version < (enforce?.version ?? 0)) return held;
  const byId = new Map(held.map((rule) => [rule.id, rule]));
  const trial = monitor.signatures.filter((rule) => !isDeepStrictEqual(byId.get(rule.id), rule));
  return [...held, ...trial.map((rule) => ({ ...rule, staged: true as const }))];
}
