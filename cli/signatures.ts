/**
 * `parapet signatures`: from a file of rules to what every gateway obeys. Rules are checked into a draft, the draft is signed
 * as a bundle and published as a control, and a rollback publishes earlier rules under a new number: numbers only count up, so
 * that an old record can never be played again.
 */
import { createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dataPaths, type Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import {
  BUNDLE_FORMAT,
  type Bundle,
  type BundleMode,
  checkDraft,
  type Draft,
  fromYara,
  keyIdOf,
  openBundle,
  parseDraft,
  rulesOf,
  type SignedBundle,
  signBundle,
} from '../detection/bundles/index.ts';
import { fromSigma } from '../detection/bundles/sigma.ts';
import { signatures as builtIn, type Signature } from '../detection/index.ts';
import type { Tuning } from '../detection/model/tuning.ts';
import { signingKey, trustedKeys } from '../keys/signing.ts';
import { auditRecord } from '../log/audit.ts';
import { controlRecord, followControls } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import { bundleControl, bundleStoreOf, bundlesIn } from '../models/live.ts';
import type { Codec } from '../schemas/codec.ts';

export interface SignatureParts {
  env: Environment;
  log: EventLog;
  codec: Codec;
  /** Who does it, for the audit log. */
  actor: string;
}

export const draftFile = (env: Environment) => join(dataPaths(env).signatures, 'draft.json');

/** The rules of a file. Throws PARAPET_BUNDLE_INVALID with every reason for which one may not run. */
export function readRules(path: string): Draft {
  return readAs(path, parseDraft);
}

/** The rules of a Sigma (`.yml`) or YARA file, as ours. Throws PARAPET_BUNDLE_INVALID when one says more than can be said here, or may not run. */
export function importRules(path: string, options: { family: string; first: number; near?: number }): Draft {
  const convert = /\.ya?ml$/i.test(path) ? fromSigma : fromYara;
  return readAs(path, (text) => parseDraft(JSON.stringify(convert(text, options))));
}

function readAs(path: string, parse: (text: string) => Draft): Draft {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ParapetError('PARAPET_BUNDLE_INVALID', { message: `${path} cannot be read.`, hint: 'Name a file of rules.', cause });
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ParapetError)) throw error;
    throw new ParapetError(error.code, { message: `${path}: ${error.message}`, hint: error.hint, cause: error });
  }
}

export interface DraftChange {
  /** Ids that are not to run, built-in or of the draft. */
  disable: readonly string[];
  /** Ids that are to run again. */
  enable: readonly string[];
}

/** Adds the files' rules to the draft, or puts them in the place of those with their ids. Nothing is written unless all may run. */
export function addToDraft(env: Environment, files: readonly string[], { disable, enable }: DraftChange): Draft {
  const path = draftFile(env);
  const draft = existsSync(path) ? readRules(path) : { signatures: [], disabled: [] };
  const added = files.map(readRules);
  const rules = new Map(draft.signatures.map((rule) => [rule.id, rule]));
  for (const { signatures } of added) for (const rule of signatures) rules.set(rule.id, rule);
  const versions = new Map(builtIn.map(({ id, version }) => [id, version]));
  const stale = [...rules.values()].filter(({ id, version }) => version <= (versions.get(id) ?? 0));
  if (stale.length > 0) {
    throw refused(
      `These take the place of a built-in rule and have no higher version than it: ${stale.map(({ id }) => id).join(', ')}.`,
      'Raise their version, so that a verdict says which of the two it was; or give them ids of their own.',
    );
  }
  const disabled = new Set([...draft.disabled, ...added.flatMap((each) => each.disabled), ...disable]);
  for (const id of enable) disabled.delete(id);
  const unknown = [...disabled].filter((id) => !versions.has(id) && !rules.has(id));
  if (unknown.length > 0)
    throw refused(`There is no rule ${unknown.join(', ')} to disable.`, '`parapet signatures list --rules` shows all.');
  // One of the draft's own is simply left out.
  for (const id of disabled) if (rules.delete(id) && !versions.has(id)) disabled.delete(id);
  const made: Draft = { signatures: [...rules.values()], disabled: [...disabled].sort() };
  checkDraft(made);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(made, null, 2)}\n`, { flush: true });
  renameSync(`${path}.new`, path);
  return made;
}

export interface Published {
  version: number;
  mode: BundleMode;
  rules: number;
  disabled: number;
  /** Of a rollback. */
  restores?: number;
  keyId: string;
  /** Where text and signature lie. */
  folder: string;
  notices: string[];
}

/** Signs the draft and publishes it. Resolves when the log has it for good; gateways have it within about a second. */
export async function publishDraft(parts: SignatureParts, mode: BundleMode): Promise<Published> {
  const path = draftFile(parts.env);
  if (!existsSync(path)) throw refused('There is no draft to publish.', 'Make one with `parapet signatures add FILE…`.');
  const { model } = await enforced(parts);
  // What the model was taught goes on holding whatever becomes of the rules.
  return publish(parts, { ...readRules(path), mode, model: mode === 'enforce' ? model : undefined });
}

/** Publishes what was enforced before, or the rules of version `to`; 0 stands for the built-in rules alone. */
export async function rollback(parts: SignatureParts, to?: number): Promise<Published> {
  const { bundles } = await readBundles(parts);
  const target = to ?? previous(bundles);
  if (target === 0) return publish(parts, { signatures: [], disabled: [], mode: 'enforce', restores: 0 });
  const found = bundles.find(({ version }) => version === target);
  if (found === undefined) {
    throw refused(
      `Bundle ${target} is not in ${bundleStoreOf(parts.env).folder}.`,
      'Copy its .json and .sig there from a gateway that took it, or name another one with --to.',
    );
  }
  const { signatures, disabled, model, restores = target } = found;
  return publish(parts, { signatures, disabled, model, mode: 'enforce', restores });
}

/** A trial is taken back to what is enforced; what is enforced, to what was before it. */
function previous(bundles: readonly Bundle[]): number {
  const newest = bundles.at(-1);
  if (newest === undefined) throw refused('No bundle was ever published.', 'There is nothing to roll back: the built-in rules hold.');
  const origin = newest.restores ?? newest.version;
  if (origin === 0) throw refused('The built-in rules alone hold.', 'Name the version to go to with --to.');
  const before = bundles.filter(({ version, mode }) => version < origin && mode === 'enforce').at(-1);
  const target = before?.version ?? 0;
  const known = new Set(bundles.map(({ version }) => version));
  for (let version = target + 1; version < origin; version++) {
    if (known.has(version)) continue;
    throw refused(
      `Bundle ${version}, which may have been enforced before, is not on this machine.`,
      'Name the version to go to with --to.',
    );
  }
  return before?.restores ?? target;
}

/** Publishes the rules that are enforced now with another model. */
export async function publishModel(parts: SignatureParts, model: Tuning): Promise<Published> {
  const before = (await readBundles(parts)).published.find(({ mode }) => mode === 'enforce');
  return publish(parts, { signatures: before?.signatures ?? [], disabled: before?.disabled ?? [], mode: 'enforce', model });
}

/** The rules that count now, and the model as it was tuned; undefined when it is the one that shipped. */
export async function enforced(parts: SignatureParts): Promise<{ rules: Signature[]; model: Tuning | undefined }> {
  const enforce = (await readBundles(parts)).published.find(({ mode }) => mode === 'enforce');
  return { rules: rulesOf({ ...(enforce && { enforce }) }), model: enforce?.model };
}

type ToPublish = Draft & Pick<Bundle, 'mode' | 'restores' | 'model'>;

async function publish(parts: SignatureParts, { signatures, disabled, model, mode, restores }: ToPublish): Promise<Published> {
  const { env, log, codec, actor } = parts;
  const key = signingKey(env, dataPaths(env).signatures);
  if (key === undefined) {
    throw refused('There is no key to sign with.', 'Make one with `parapet signatures keygen`, or set PARAPET_SIGNATURE_KEY_FILE.');
  }
  const { bundles, unread } = await readBundles(parts);
  const version = (bundles.at(-1)?.version ?? 0) + 1;
  const createdAt = new Date().toISOString();
  const bundle: Bundle = {
    format: BUNDLE_FORMAT,
    version,
    createdAt,
    mode,
    signatures,
    disabled,
    ...(model === undefined ? {} : { model }),
    ...(restores === undefined ? {} : { restores }),
  };
  const signed = signBundle(bundle, key);
  const keyId = keyIdOf(key);
  const trusted = trustedKeys(env).map(keyIdOf);
  // Read as any gateway will read it.
  openBundle(signed, [createPublicKey(key)]);
  const details = {
    mode,
    rules: String(signatures.length),
    disabled: String(disabled.length),
    keyId,
    ...(model === undefined ? {} : { modelBase: model.base }),
    ...(restores === undefined ? {} : { restores: String(restores) }),
  };
  const event = auditRecord(codec, {
    org: env.PARAPET_ORG,
    actor,
    action: 'signatures.published',
    target: `signatures/${version}`,
    details,
  });
  // Both or none.
  await log.append([controlRecord(codec, bundleControl(bundle, signed, actor)), event]);
  const store = bundleStoreOf(env);
  store.save(bundle, signed);
  const notices = [
    ...(trusted.includes(keyId) ? [] : [`only who names key ${keyId} in PARAPET_SIGNATURE_PUBLIC_KEYS takes it; here it is not named`]),
    ...(unread > 0 ? [`${unread} bundles here or in the log are of keys that are not trusted; they were not counted`] : []),
  ];
  return {
    version,
    mode,
    rules: signatures.length,
    disabled: disabled.length,
    ...(restores === undefined ? {} : { restores }),
    keyId,
    folder: store.folder,
    notices,
  };
}

export interface Listing {
  /** All that could be checked, oldest first. */
  bundles: Omit<Bundle, 'format' | 'signatures' | 'disabled' | 'model'>[];
  /** The last published of either mode, as the log has them. */
  published: { mode: BundleMode; version: number }[];
  /** The rules that hold for who trusts the same keys. */
  rules: { id: string; version: number; severity: string; staged: boolean; description: string }[];
  unread: number;
}

export async function listSignatures(parts: SignatureParts): Promise<Listing> {
  const { bundles, published, unread } = await readBundles(parts);
  const rules = rulesOf(Object.fromEntries(published.map((bundle) => [bundle.mode, bundle])));
  return {
    bundles: bundles.map(({ version, createdAt, mode, restores }) => ({
      version,
      createdAt,
      mode,
      ...(restores === undefined ? {} : { restores }),
    })),
    published: published.map(({ mode, version }) => ({ mode, version })),
    rules: rules.map(({ id, version, severity, staged = false, description }) => ({ id, version, severity, staged, description })),
    unread,
  };
}

/** What the log and this machine know, checked with our own key and those that are trusted here. */
async function readBundles({ env, log, codec }: SignatureParts): Promise<{ bundles: Bundle[]; published: Bundle[]; unread: number }> {
  const own = signingKey(env, dataPaths(env).signatures);
  const keys = [...trustedKeys(env), ...(own ? [createPublicKey(own)] : [])];
  const controls = await followControls(log, codec);
  const inLog = bundlesIn(controls);
  await controls.close();
  let unread = 0;
  const open = (signed: SignedBundle): Bundle[] => {
    try {
      return [openBundle(signed, keys, { takenBefore: true })];
    } catch (error) {
      if (!(error instanceof ParapetError)) throw error;
      unread += 1;
      return [];
    }
  };
  const published = inLog.flatMap(open);
  const byVersion = new Map([...bundleStoreOf(env).list().flatMap(open), ...published].map((bundle) => [bundle.version, bundle]));
  return { bundles: [...byVersion.values()].sort((a, b) => a.version - b.version), published, unread };
}

const refused = (message: string, hint: string) => new ParapetError('PARAPET_BUNDLE_INVALID', { message, hint });
