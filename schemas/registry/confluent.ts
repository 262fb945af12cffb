/**
 * A Confluent-compatible schema registry. Two processes that register the same new subject at once can be refused by the
 * registry although both are right, so a refusal that is not about compatibility is tried again.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { COMPATIBILITY, SchemaRegistry as ConfluentClient, SchemaType } from '@kafkajs/confluent-schema-registry';
import { ParapetError } from '../../core/errors.ts';
import type { SchemaRegistry } from './port.ts';

export interface ConfluentRegistryOptions {
  url: string;
  user?: string;
  password?: string;
}

export function openConfluentRegistry({ url, user, password }: ConfluentRegistryOptions): SchemaRegistry {
  const auth = user === undefined ? undefined : { username: user, password: password ?? '' };
  const client = new ConfluentClient({ host: url, ...(auth ? { auth } : {}) });
  return {
    async register(subject, schema) {
      for (let attempt = 1; ; attempt++) {
        try {
          const { id } = await client.register(
            { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
            { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE },
          );
          return id;
        } catch (error) {
          const status = (error as { status?: number }).status;
          const message = error instanceof Error ? error.message : String(error);
          if (status === 409 && !/already exists/i.test(message)) {
            throw new ParapetError('PARAPET_SCHEMA_INCOMPATIBLE', { message: `${subject}: ${message}`, cause: error });
          }
          if (attempt >= 5) {
            throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
              message: `The schema registry refused ${subject}: ${message}`,
              cause: error,
            });
          }
          await sleep(100 * 2 ** attempt);
        }
      }
    },

    async schemaOf(id) {
      try {
        const type = (await client.getSchema(id)) as unknown as { schema(options: object): { [key: string]: unknown } };
        return type.schema({ exportAttrs: true });
      } catch (error) {
        if ((error as { status?: number }).status === 404) return undefined;
        throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: `The schema registry did not give schema ${id}.`, cause: error });
      }
    },
  };
}
