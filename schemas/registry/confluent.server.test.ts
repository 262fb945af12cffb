import { describe, expect, it } from 'vitest';
import { createCodec } from '../codec.ts';
import { fullSchema } from '../definitions.ts';
import { SAMPLES } from '../samples.ts';
import { openConfluentRegistry } from './confluent.ts';

const url = process.env['SCHEMA_REGISTRY_URL'] ?? '';

describe('the Confluent registry', () => {
  it('is there (SCHEMA_REGISTRY_URL)', () => {
    expect(url).not.toBe('');
  });

  it('takes all topics, from racing processes too, and two codecs understand each other', async () => {
    const [one, two] = await Promise.all([createCodec(openConfluentRegistry({ url })), createCodec(openConfluentRegistry({ url }))]);
    const bytes = one.encode('interactions', SAMPLES.Interaction);
    await two.prepare('interactions', [bytes]);
    expect(two.decode('interactions', bytes).interactionId).toBe(SAMPLES.Interaction.interactionId);
  });

  it('reads what an earlier schema of the subject wrote', async () => {
    const registry = openConfluentRegistry({ url });
    const subject = `parapet.test-${Date.now()}-value`;
    const id = await registry.register(subject, fullSchema('AuditEvent'));
    const fresh = openConfluentRegistry({ url });
    expect(await fresh.schemaOf(id)).toMatchObject({ name: expect.stringMatching(/AuditEvent$/) });
    expect(await fresh.register(subject, fullSchema('AuditEvent'))).toBe(id);
  });

  it('refuses an incompatible change with a code, and an unknown id with undefined', async () => {
    const registry = openConfluentRegistry({ url });
    const subject = `parapet.broken-${Date.now()}-value`;
    await registry.register(subject, fullSchema('AuditEvent'));
    const broken = structuredClone(fullSchema('AuditEvent')) as { fields: { name: string; type: unknown }[] } & { [key: string]: unknown };
    broken.fields.push({ name: 'mood', type: 'string' });
    await expect(openConfluentRegistry({ url }).register(subject, broken)).rejects.toMatchObject({ code: 'PARAPET_SCHEMA_INCOMPATIBLE' });
    expect(await registry.schemaOf(987_654)).toBeUndefined();
  });

  it('that does not answer is a coded error', async () => {
    const away = openConfluentRegistry({ url: 'http://127.0.0.1:9' });
    await expect(away.schemaOf(1)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  }, 60_000);
});
