/** What is wrong with an address or an option is named before anything is connected, and never with the password. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readAddress } from './address.ts';
import { connectPostgres, openPostgres } from './index.ts';

const SECRET = 's3cr3t-w0rd';
const base = `postgres://app:${SECRET}@127.0.0.1:1/db`;

/** The error that `act` ends with, which must not hold the password anywhere that is printed. */
async function failure(act: () => unknown): Promise<{ code: string; message: string; hint: string }> {
  try {
    await act();
  } catch (error) {
    const { code, message, hint, cause } = error as { code: string; message: string; hint: string; cause?: Error };
    expect(JSON.stringify([message, hint, cause?.message, cause?.stack])).not.toContain(SECRET);
    return { code, message, hint };
  }
  throw new Error('nothing was thrown');
}

describe('the address of a PostgreSQL server', () => {
  it('is read with its special characters', () => {
    expect(readAddress('postgresql://us%40er:p%2Fw@[::1]/d%20b')).toMatchObject({
      host: '::1',
      port: 5432,
      user: 'us@er',
      password: 'p/w',
      database: 'd b',
      ssl: false,
    });
    expect(readAddress(`${base}?host=/run/pg&application_name=x`)).toMatchObject({ host: '/run/pg', application_name: 'x' });
  });

  it('has TLS as sslmode says', () => {
    expect(readAddress(`${base}?sslmode=disable`).ssl).toBe(false);
    expect(readAddress(`${base}?sslmode=require`).ssl).toEqual({ rejectUnauthorized: false });
    expect(readAddress(`${base}?sslmode=verify-full`).ssl).toEqual({});
    expect(readAddress(`${base}?sslmode=verify-full`, import.meta.filename).ssl).toEqual({ ca: expect.any(Buffer) });
    const relaxed = readAddress(`${base}?sslmode=verify-ca&sslrootcert=${encodeURIComponent(import.meta.filename)}`).ssl;
    expect(relaxed).toEqual({ ca: expect.any(Buffer), checkServerIdentity: expect.any(Function) });
  });

  it.each([
    [`mysql://app:${SECRET}@host/db`, /begins with postgres:/],
    [`postgres://app:${SECRET}#@host/db`, /percent-encoded/],
    [`postgres://app:${SECRET}%zz@host/db`, /hexadecimal/],
    [`postgres://app:${SECRET}@host`, /user, host and database/],
    [`${base}?sslmode=prefer`, /sslmode=prefer leaves open/],
    [`${base}?sslmode=verify-ca`, /needs POSTGRES_CA_FILE/],
    [`${base}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem`, /cannot be read/],
    [`${base}?sslrootcert=/nowhere/ca.pem`, /does not ask for TLS|cannot be read/],
    [`${base}?ssl_mode=require`, /ssl_mode/],
  ])('is refused when wrong: %s', async (url, message) => {
    const error = await failure(() => connectPostgres({ url }));
    expect(error).toMatchObject({ code: 'PARAPET_CONFIG_INVALID', message: expect.stringMatching(message) });
  });

  it.each([
    [{}, /either a URL or a path/],
    [{ url: base, path: '/tmp/x' }, /either a URL or a path/],
    [{ url: base, schema: 'Robert"; --' }, /cannot be the schema/],
    [{ url: base, schema: 'pg_catalog' }, /cannot be the schema/],
    [{ url: base, schema: 's'.repeat(41) }, /cannot be the schema/],
    [{ url: base, poolSize: 0 }, /number of connections/],
    [{ url: base, timeoutMs: 0 }, /time limit/],
  ])('comes with options that can work: %o', async (options, message) => {
    const error = await failure(() => openPostgres(options));
    expect(error).toMatchObject({ code: 'PARAPET_CONFIG_INVALID', message: expect.stringMatching(message) });
  });
});

describe('a connection that cannot be made', () => {
  it('says that nothing listens, or that the name is unknown', async () => {
    const refused = await failure(() => openPostgres({ url: base }));
    expect(refused).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringContaining('Nothing listens there') });
    const unknown = await failure(() => openPostgres({ url: `postgres://app:${SECRET}@no-such-host.invalid/db` }));
    expect(unknown).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringContaining('cannot be resolved') });
  });

  it('says that what answers is something else', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const error = await failure(() => openPostgres({ url: `postgres://app:${SECRET}@127.0.0.1:${port}/db` }));
    expect(error.code).toBe('PARAPET_STORE_UNAVAILABLE');
    server.close();
  });
});
