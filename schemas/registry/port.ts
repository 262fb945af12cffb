/** The schema registry: ids for schemas, by subject (`<topic>-value`), refusing changes that would break anyone. */
export interface SchemaRegistry {
  /**
   * The id of this schema under the subject; registers it when it is new.
   * Throws PARAPET_SCHEMA_INCOMPATIBLE when it breaks FULL_TRANSITIVE against an earlier version of the subject.
   */
  register(subject: string, schema: { [key: string]: unknown }): Promise<number>;
  /** The schema with this id, or undefined. */
  schemaOf(id: number): Promise<{ [key: string]: unknown } | undefined>;
}
