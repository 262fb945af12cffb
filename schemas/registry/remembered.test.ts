import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ParapetError } from '../../core/errors.ts';
import { openFileRegistry } from './file.ts';
import type { SchemaRegistry } from './port.ts';
import { rememberRegistry } from './remembered.ts';

const schema = { type: 'record', name: 'Thing', fields: [{ name: 'id', type: 'string' }] };
const other = { type: 'record', name: 'Other', fields: [{ name: 'id', type: 'string' }] };
let folder = '';
let file = '';
/** What the registry does when it is asked. */
let fault: ParapetError | undefined;
let asked = 0;
let registry: SchemaRegistry;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-remembered-'));
  file = join(folder, 'data', 'remembered.json');
  const real = await openFileRegistry(join(folder, 'registry'));
  const guarded = <T>(answer: () => Promise<T>): Promise<T> => {
    asked += 1;
    return fault === undefined ? answer() : Promise.reject(fault);
  };
  registry = {
    register: (subject, value) => guarded(() => real.register(subject, value)),
    schemaOf: (id) => guarded(() => real.schemaOf(id)),
  };
  fault = undefined;
  asked = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (url = 'http://registry') => rememberRegistry(registry, file, url);
const away = () => new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: 'The registry is away.' });

describe('a registry that is remembered', () => {
  it('answers while the registry is away, what it answered before', async () => {
    const id = await open().register('things-value', schema);
    expect(await open().schemaOf(id)).toEqual(schema);
    fault = away();
    asked = 0;
    const again = open();
    expect(await again.register('things-value', schema)).toBe(id);
    expect(await again.schemaOf(id)).toEqual(schema);
    // One wait is enough.
    expect(asked).toBe(1);
  });

  it('says that the registry is away when it has not met the schema', async () => {
    await open().register('things-value', schema);
    fault = away();
    const again = open();
    await expect(again.register('things-value', other)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    await expect(again.register('others-value', schema)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    await expect(again.schemaOf(77)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });

  it('believes the registry that answers, and no other one', async () => {
    const id = await open().register('things-value', schema);
    registry = { register: async () => 4_711, schemaOf: async () => undefined };
    expect(await open().register('things-value', schema)).toBe(4_711);
    expect(await open().schemaOf(id)).toBeUndefined();
    registry = { register: () => Promise.reject(away()), schemaOf: () => Promise.reject(away()) };
    expect(await open().register('things-value', schema)).toBe(4_711);
    await expect(open('http://another').register('things-value', schema)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });

  it('forgets what a registry that was set up anew says otherwise', async () => {
    const id = await open().register('things-value', schema);
    expect(await open().schemaOf(id)).toEqual(schema);
    registry = { register: async () => id, schemaOf: async () => other };
    expect(await open().schemaOf(id)).toEqual(other);
    registry = { register: () => Promise.reject(away()), schemaOf: () => Promise.reject(away()) };
    expect(await open().schemaOf(id)).toEqual(other);
  });

  it('passes on that a schema is incompatible, although it was once accepted', async () => {
    await open().register('things-value', schema);
    fault = new ParapetError('PARAPET_SCHEMA_INCOMPATIBLE', { message: 'no' });
    await expect(open().register('things-value', schema)).rejects.toMatchObject({ code: 'PARAPET_SCHEMA_INCOMPATIBLE' });
  });

  it('begins anew when its file was cut short', async () => {
    const id = await open().register('things-value', schema);
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
    expect(await open().register('things-value', schema)).toBe(id);
    fault = away();
    expect(await open().register('things-value', schema)).toBe(id);
  });
});
