/** Bad connections to a real server: each is the store's state, with a hint that names what to do. Needs DATABASE_URL. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificate } from '../elasticsearch/testing.ts';
import { createFixtures } from '../fixtures.ts';
import { createPostgresSink, migrate, openPostgres, type Postgres } from './index.ts';
import { MIGRATIONS } from './migrations.ts';
import { ask, asPerson, DATABASE_URL, deliver, freshSchema, openServer, schemaOf, tidy } from './testing.ts';

if (DATABASE_URL === undefined) console.warn('SKIPPED: connections to PostgreSQL were not tested, because DATABASE_URL is not set.');
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node');
const address = (change: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'search' | 'port'>>) =>
  Object.assign(new URL(DATABASE_URL ?? 'postgres://a@b/c'), change).href;
const role = `t_connect_${process.pid}`;

/** Puts TLS, or a question for a password, before the server; as much of the protocol as a client sees until then. */
async function gate(kind: 'tls' | 'password', identity = certificate({ ip: '127.0.0.1', from: new Date(0), to: new Date(2e12) })) {
  const { hostname, port } = new URL(DATABASE_URL as string);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (first) => {
      if (kind === 'password') {
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
        socket.once('data', () => {
          const fields = `SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "app"\0\0`;
          const head = Buffer.alloc(5);
          head.write('E');
          head.writeInt32BE(4 + fields.length, 1);
          socket.end(Buffer.concat([head, Buffer.from(fields)]));
        });
        return;
      }
      expect(first.readInt32BE(4)).toBe(80877103);
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, ...identity });
      const upstream = connect(Number(port), hostname);
      for (const one of [secure, upstream]) {
        one.on('error', () => {
          secure.destroy();
          upstream.destroy();
        });
      }
      secure.pipe(upstream).pipe(secure);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: String((server.address() as { port: number }).port), identity, close: () => server.close() };
}

describe.skipIf(DATABASE_URL === undefined)('a PostgreSQL server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-pg-'));
  let store: Postgres;
  beforeAll(async () => {
    store = await openServer({ schema: freshSchema('connect') });
    await asPerson(store, `CREATE ROLE ${role} LOGIN`);
  });
  afterAll(async () => {
    await tidy(store, `t_connect_${process.pid}`);
    await asPerson(store, `DROP OWNED BY ${role}`);
    await asPerson(store, `DROP ROLE ${role}`);
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const unavailable = (message: RegExp, hint: RegExp) => ({
    code: 'PARAPET_STORE_UNAVAILABLE',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });

  it('says when user, database or TLS are not there', async () => {
    await expect(openPostgres({ url: address({ username: 'nobody' }) })).rejects.toMatchObject(unavailable(/state 28000/, /no such user/));
    await expect(openPostgres({ url: address({ pathname: '/none' }) })).rejects.toMatchObject(
      unavailable(/state 3D000/, /the database in/),
    );
    const plain = openPostgres({ url: address({ search: 'sslmode=verify-full' }) });
    await expect(plain).rejects.toMatchObject(unavailable(/SSL/, /has no TLS/));
  });

  it('says when the password is wrong or missing', async () => {
    const { port, close } = await gate('password');
    const wrong = openPostgres({ url: address({ username: 'app', password: 'wrong', port }) });
    await expect(wrong).rejects.toMatchObject(unavailable(/state 28P01/, /user and password/));
    const missing = openPostgres({ url: address({ username: 'app', port }) });
    await expect(missing).rejects.toMatchObject(unavailable(/password/, /password/));
    close();
  });

  it('is reached over TLS by an authority that is known, and by no other', async () => {
    const { port, identity, close } = await gate('tls');
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, identity.cert);
    const unknown = openPostgres({ url: address({ port, search: 'sslmode=verify-full' }) });
    await expect(unknown).rejects.toMatchObject(unavailable(/certificate/, /POSTGRES_CA_FILE/));
    for (const [mode, file] of [
      ['verify-full', caFile],
      ['verify-ca', caFile],
      ['require', undefined],
    ] as const) {
      const secure = await openPostgres({ url: address({ port, search: `sslmode=${mode}` }), caFile: file });
      expect(await ask({ ...secure, schema: 'public' }, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await secure.close();
    }
    close();
  });

  it('says which privilege is missing, and that a standby only reads', async () => {
    const own = schemaOf(store, freshSchema('connect'));
    const weak = await openPostgres({ url: address({ username: role }), schema: own.schema });
    await asPerson(store, `REVOKE CREATE ON DATABASE "${new URL(DATABASE_URL as string).pathname.slice(1)}" FROM ${role}`);
    await expect(migrate(weak)).rejects.toMatchObject(unavailable(/state 42501/, /CREATE on the database/));
    await migrate(own);
    await asPerson(own, `GRANT USAGE ON SCHEMA "${own.schema}" TO ${role}`);
    await asPerson(own, `GRANT SELECT ON ALL TABLES IN SCHEMA "${own.schema}" TO ${role}`);
    const batch = createFixtures().batch('assessed', { first: 0, last: 9 });
    const refused = createPostgresSink({ store: weak, view: 'interactions' }).write(batch);
    await expect(refused).rejects.toMatchObject(unavailable(/state 42501/, /lacks a privilege/));
    // A schema that its owner has made needs no privilege to create one.
    await expect(migrate(weak)).resolves.toEqual([]);
    await weak.close();
    await asPerson(store, `ALTER ROLE ${role} SET default_transaction_read_only = on`);
    const standby = await openPostgres({ url: address({ username: role }), schema: own.schema });
    const late = createPostgresSink({ store: standby, view: 'interactions' }).write(batch);
    await expect(late).rejects.toMatchObject(unavailable(/state 25006/, /read-only standby/));
    await standby.close();
  });

  it('makes a writer wait no longer than its limit, after which the batch goes through', async () => {
    const own = await openServer({ schema: freshSchema('connect'), timeoutMs: 300 });
    await migrate(own);
    const batch = createFixtures().batch('assessed', { first: 0, last: 9 });
    const sink = createPostgresSink({ store: own, view: 'interactions' });
    await store.transaction(async (session) => {
      await session.script(`LOCK TABLE "${own.schema}".models IN ACCESS EXCLUSIVE MODE`);
      await expect(sink.write(batch)).rejects.toMatchObject(unavailable(/state (55P03|57014)/, /lock|time limit/));
    });
    expect(await deliver(own, batch)).toBe(0);
    await own.close();
  });

  it('is migrated once by four processes that race', async () => {
    const schema = freshSchema('connect');
    const env = { ...process.env, DATABASE_URL: address({ search: `application_name=${schema}` }) };
    const race = () => promisify(execFile)(NODE, [join(import.meta.dirname, 'migrate.child.ts'), schema], { env, timeout: 60_000 });
    let racing = Promise.resolve([{ stdout: '' }]);
    const undone = new Error('undone');
    // Nobody sees this schema, and nobody can make it: so all four are there when it is gone.
    const held = store.transaction(async (session) => {
      await session.script(`CREATE SCHEMA "${schema}"`);
      racing = Promise.all([race(), race(), race(), race()]);
      for (let waiting = 0; waiting < 4; ) {
        const sql = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`;
        await session.query('SELECT pg_stat_clear_snapshot()');
        waiting = (await session.query<{ n: number }>(sql, [schema]))[0]?.n ?? 0;
        await sleep(20);
      }
      throw undone;
    });
    await expect(held).rejects.toBe(undone);
    const results = await racing;
    expect(results.map(({ stdout }) => stdout.trim())).toEqual(['migrated', 'migrated', 'migrated', 'migrated']);
    const rows = await ask<{ number: number }>(schemaOf(store, schema), 'SELECT number FROM parapet_migrations ORDER BY number');
    expect(rows.map(({ number }) => number)).toEqual(MIGRATIONS.map(({ number }) => number));
  });
});
