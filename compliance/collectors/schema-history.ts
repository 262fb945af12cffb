/** Every released schema of every record, its fingerprint, and whether it fits all that were released before it. */
import { hash } from 'node:crypto';
import { canonicalText, incompatibilities } from '../../schemas/compatibility.ts';
import { fullSchema, RECORD_NAMES } from '../../schemas/definitions.ts';
import { released } from '../../schemas/release.ts';
import { words } from '../localized.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { STATE_DAYS, standing } from './sql.ts';

export const schemaHistory: EvidenceCollector = {
  id: 'schema-history',
  version: 1,
  title: words('Released schemas', 'Freigegebene Schemata', 'Schémas publiés', 'Esquemas publicados'),
  source: 'configuration',
  columns: columns('record', 'version', 'sha256', 'fields', 'compatible', 'current'),
  validDays: STATE_DAYS,
  async collect(context) {
    const rows = RECORD_NAMES.flatMap((record) => {
      const versions = released(record);
      const today = canonicalText(fullSchema(record));
      const known = versions.map(({ version, schema }, n) => ({
        record,
        version,
        sha256: hash('sha256', canonicalText(schema)),
        fields: (schema['fields'] as unknown[]).length,
        compatible: incompatibilities(schema, versions.slice(0, n)).length === 0,
        current: canonicalText(schema) === today,
      }));
      if (known.some(({ current }) => current)) return known;
      const schema = fullSchema(record);
      const compatible = incompatibilities(schema, versions).length === 0;
      const fields = (schema['fields'] as unknown[]).length;
      return [...known, { record, version: 'not released', sha256: hash('sha256', today), fields, compatible, current: true }];
    });
    return { query: 'schemas/released and the schemas in use', parameters: standing(context), rows };
  },
};
