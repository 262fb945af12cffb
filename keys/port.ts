/**
 * Data keys: one per subject (a person, or an agent when no person is named), each wrapped by the master key. Content
 * is sealed with its subject's data key, so destroying that one key erases the subject's content everywhere at once,
 * in the log, the lake and every backup, while the records around it stay.
 */
import type { KeyObject } from 'node:crypto';

export interface DataKey {
  id: string;
  /** 256 bits. A KeyObject, because a cipher made from plain bytes prepares them anew each time, at four times the cost. */
  key: KeyObject;
}

/** How old keys are, for evidence. Milliseconds since 1970; never anything of a key itself. */
export interface KeyAges {
  dataKeys: number;
  /** Undefined when there is no data key. */
  oldestAt: number | undefined;
  newestAt: number | undefined;
  /** Undefined where the store cannot know it: a master key that comes from outside. */
  masterKeyAt: number | undefined;
}

export interface MasterRotation {
  /** Of the new master key: 16 hex digits, made from it. */
  id: string;
  /** Data keys. */
  rewrapped: number;
}

export interface KeyStore {
  /** The subject's current data key; made, and durable, when there is none. */
  current(subject: string): DataKey;
  /** The data key with this id. Throws PARAPET_KEY_UNAVAILABLE when it was destroyed or never was here. */
  byId(id: string): DataKey;
  /** How many data keys the subject has here. Makes none. */
  count(subject: string): number;
  /** Destroys every data key of the subject. Gives how many there were. */
  destroy(subject: string): Promise<number>;
  /** Of the organisation's data keys. Looks at each, so it is for reports. */
  ages(org: string): KeyAges;
  /** HMAC-SHA256 key for hashes of content in views: equal content of one org has equal hashes, and nobody can guess content from a hash alone. */
  hashKey(org: string): KeyObject;
  /** AES-256 key for one purpose of Parapet's own, e.g. `workflow payloads`. */
  purposeKey(purpose: string): KeyObject;
  /**
   * A new master key, by which every data key is wrapped anew; who was killed in it goes on where it was. Content stays readable and
   * hashes, pseudonyms and purposes keep their keys. Throws PARAPET_MASTER_KEY_OUTSIDE when the key comes from outside and no new one came.
   */
  rotateMaster(): Promise<MasterRotation>;
  close(): Promise<void>;
}
