/** Keys by number and age, never by name; and whether the newest contents in the log really are sealed. */
import { TOPICS } from '../../log/topics.ts';
import type { Sealed } from '../../schemas/types.ts';
import { words } from '../localized.ts';
import { columns } from './columns.ts';
import type { CollectContext, EvidenceCollector } from './context.ts';
import { STATE_DAYS, standing } from './sql.ts';

/** Newest records of each partition that are looked at. */
const LOOKED_AT = 500;

export const encryptionKeys: EvidenceCollector = {
  id: 'encryption-keys',
  version: 1,
  title: words(
    'Encryption of content and its keys',
    'Verschlüsselung der Inhalte und ihre Schlüssel',
    'Chiffrement des contenus et clés',
    'Cifrado de los contenidos y sus claves',
  ),
  source: 'keys',
  columns: columns('kind', 'keys', 'interactions', 'oldest_at', 'newest_at', 'algorithm'),
  validDays: STATE_DAYS,
  async collect(context) {
    const { dataKeys, oldestAt, newestAt, masterKeyAt } = context.keys.ages(context.org);
    const rows = [
      { kind: 'master key', keys: 1, interactions: null, oldest_at: at(masterKeyAt), newest_at: at(masterKeyAt), algorithm: 'AES-256-GCM' },
      { kind: 'data keys', keys: dataKeys, interactions: null, oldest_at: at(oldestAt), newest_at: at(newestAt), algorithm: 'AES-256-GCM' },
      ...(await sealedContents(context)),
    ];
    const query = `ages of the key store; the newest ${LOOKED_AT} records of each partition of ${TOPICS.interactions.name}`;
    return { query, parameters: standing(context), rows };
  },
};

const at = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

async function sealedContents({ log, codec, org }: CollectContext) {
  const topic = TOPICS.interactions.name;
  const counts = new Map<string, { interactions: number; keys: Set<string>; oldest: number; newest: number }>();
  for (const { partition, start, end } of await log.ranges(topic)) {
    const records = await log.read(
      { topic, partition, offset: Math.max(start, end - LOOKED_AT) },
      { maxRecords: LOOKED_AT, maxBytes: 64 * 1024 * 1024 },
    );
    await codec.prepare(
      'interactions',
      records.map(({ value }) => value),
    );
    for (const { value } of records) {
      const interaction = codec.decode('interactions', value);
      if (interaction.org !== org || interaction.requestContent === null) continue;
      const { keyId, algorithm, ciphertext }: Sealed = interaction.requestContent;
      const name = ciphertext.length > 0 && keyId !== '' ? algorithm : 'none';
      const count = counts.get(name) ?? {
        interactions: 0,
        keys: new Set<string>(),
        oldest: interaction.startedAt,
        newest: interaction.startedAt,
      };
      counts.set(name, count);
      count.interactions += 1;
      count.keys.add(keyId);
      count.oldest = Math.min(count.oldest, interaction.startedAt);
      count.newest = Math.max(count.newest, interaction.startedAt);
    }
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([algorithm, { interactions, keys, oldest, newest }]) => ({
      kind: algorithm === 'none' ? 'clear content' : 'sealed content',
      keys: keys.size,
      interactions,
      oldest_at: at(Math.floor(oldest / 1_000)),
      newest_at: at(Math.floor(newest / 1_000)),
      algorithm,
    }));
}
