/**
 * Which records begin with another record. `EnrichedInteraction` is an `Interaction` with a field behind it, and
 * `AssessedInteraction` is all of `EnrichedInteraction` with one more: their bytes begin with the other's bytes, so a
 * processor that adds to a record need not encode again what it did not touch.
 */
import type avro from 'avsc';

export interface Extension {
  /** The fields behind the shared beginning. */
  rest: { name: string; type: avro.Type }[];
  /** True when the beginning of `value` is `base` itself, or its very fields: the same objects, not equal ones. */
  isMadeOf(value: object, base: object): boolean;
}

/** How a record of type `whole` extends one of type `base`; undefined when it does not. */
export function findExtension(whole: avro.Type, base: avro.Type): Extension | undefined {
  const fields = fieldsOf(whole);
  const [first, ...others] = fields;
  if (first === undefined) return undefined;
  if (first.type.equals(base)) {
    return { rest: others, isMadeOf: (value, from) => (value as Record<string, unknown>)[first.name] === from };
  }
  const begun = fieldsOf(base);
  const shared = begun.length > 0 && begun.every(({ name, type }, i) => fields[i]?.name === name && fields[i].type.equals(type));
  if (!shared) return undefined;
  return {
    rest: fields.slice(begun.length),
    isMadeOf: (value, from) =>
      begun.every(({ name }) => (value as Record<string, unknown>)[name] === (from as Record<string, unknown>)[name]),
  };
}

function fieldsOf(type: avro.Type): { name: string; type: avro.Type }[] {
  return (type as avro.types.RecordType).fields ?? [];
}
