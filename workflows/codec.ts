/**
 * What Temporal's server stores is sealed: arguments, results, failures and heartbeats leave a process encrypted (AES-256-GCM) and are
 * opened only by one that has the same master key. A payload that is not sealed, or sealed with another key, is refused: nobody
 * who writes to the server can hand a worker arguments of their own.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { ParapetError } from '../core/errors.ts';
import type { KeyStore } from '../keys/port.ts';

const ENCODING = 'binary/parapet-a256gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export function createPayloadCodec(keys: Pick<KeyStore, 'purposeKey'>): PayloadCodec {
  const key = keys.purposeKey('workflow payloads');
  const keyId = createHmac('sha256', key).update('id').digest('hex').slice(0, 16);
  // What says how to open it is under the tag too.
  const around = Buffer.from(`${ENCODING}/${keyId}`);

  function encode(payload: Payload): Payload {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    cipher.setAAD(around);
    const data = Buffer.concat([iv, cipher.update(flatten(payload)), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { encoding: Buffer.from(ENCODING), keyId: Buffer.from(keyId) }, data };
  }

  function decode({ metadata, data }: Payload): Payload {
    const said = (name: string) => Buffer.from(metadata?.[name] ?? []).toString();
    if (said('encoding') !== ENCODING) throw refused('A payload of the Temporal server is not sealed.');
    if (said('keyId') !== keyId) throw refused(`A payload was sealed with the key ${said('keyId')}, not with this master key.`);
    const bytes = Buffer.from(data ?? []);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES));
      decipher.setAAD(around);
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return unflatten(Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]));
    } catch (cause) {
      throw refused('A payload of the Temporal server does not open: its bytes were changed.', cause);
    }
  }

  return {
    encode: async (payloads) => payloads.map(encode),
    decode: async (payloads) => payloads.map(decode),
  };
}

/** Length and bytes of the metadata, then the data. */
function flatten({ metadata, data }: Payload): Buffer {
  const names = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  const head = Buffer.from(JSON.stringify(names));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  // A workflow's bytes are of another realm, and are arrays only by their look here.
  return Buffer.concat([length, head, Buffer.from(data ?? [])]);
}

function unflatten(bytes: Buffer): Payload {
  const end = 4 + bytes.readUInt32BE();
  const names = JSON.parse(bytes.subarray(4, end).toString()) as [string, string][];
  return { metadata: Object.fromEntries(names.map(([name, value]) => [name, Buffer.from(value, 'base64')])), data: bytes.subarray(end) };
}

const refused = (message: string, cause?: unknown) => new ParapetError('PARAPET_KEY_UNAVAILABLE', { message, cause });
