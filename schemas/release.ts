/**
 * Freezes today's schemas as released: `node schemas/release.ts`. What was released is never changed: for each version
 * the schema and one record's bytes are kept, so that a test can read them for as long as Parapet lives.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import avro from 'avsc';
import { canonicalText, incompatibilities } from './compatibility.ts';
import { fullSchema, RECORD_NAMES, type RecordName } from './definitions.ts';
import { SAMPLES } from './samples.ts';

export interface Released {
  version: string;
  schema: { [key: string]: unknown };
  /** Avro bytes of the sample as it was at that version, without the header. */
  golden: Buffer;
}

const folderOf = (record: RecordName) => new URL(`released/${record}/`, import.meta.url);

/** Released versions of a record, oldest first. */
export function released(record: RecordName): Released[] {
  const folder = folderOf(record);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => {
      const { schema, golden } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { schema: Released['schema']; golden: string };
      return { version: name.replace('.json', ''), schema, golden: Buffer.from(golden, 'base64') };
    });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const record of RECORD_NAMES) {
    const schema = fullSchema(record);
    const earlier = released(record);
    if (earlier.some((each) => canonicalText(each.schema) === canonicalText(schema))) continue;
    const problems = incompatibilities(schema, earlier);
    if (problems.length > 0) throw new Error(`${record} may not be released: ${problems.join('; ')}`);
    const golden = avro.Type.forSchema(schema as avro.Schema).toBuffer(SAMPLES[record]);
    mkdirSync(folderOf(record), { recursive: true });
    writeFileSync(
      new URL(`${earlier.length + 1}.json`, folderOf(record)),
      `${JSON.stringify({ schema, golden: golden.toString('base64') }, null, 1)}\n`,
    );
    console.log(`released ${record} version ${earlier.length + 1}`);
  }
}
