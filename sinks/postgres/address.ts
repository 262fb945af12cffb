/**
 * A PostgreSQL URL as what the driver takes. Read here, not by the driver: its reading of `sslmode` differs from libpq's and
 * is about to change, and a mistake must be named without repeating the URL, which has the password in it.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { ParapetError } from '../../core/errors.ts';

const KNOWN = ['sslmode', 'sslrootcert', 'host', 'application_name'];

/**
 * `postgres://user:password@host:port/database?sslmode=…`. The modes mean what they mean to libpq: `disable` (the default),
 * `require` (encrypted; the certificate is checked only if an authority is given), `verify-ca`, `verify-full`.
 * Throws PARAPET_CONFIG_INVALID.
 */
export function readAddress(url: string, caFile?: string): ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw invalid('It is not a URL that begins with postgres:// (a password with special characters must be percent-encoded).');
  }
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const strange = [...searchParams.keys()].filter((name) => !KNOWN.includes(name));
  if (strange.length > 0) throw invalid(`It has parameters that are not known here: ${strange.join(', ')} (known: ${KNOWN.join(', ')}).`);
  const host = searchParams.get('host') ?? decode(hostname).replace(/^\[(.+)\]$/, '$1');
  if (host === '' || username === '' || pathname.length < 2) throw invalid('It must name user, host and database.');
  return {
    host,
    port: port === '' ? 5432 : Number(port),
    user: decode(username),
    // Undefined would make the driver look for PGPASSWORD and ~/.pgpass, which nobody expects of a URL that has none.
    password: password === '' ? undefined : decode(password),
    database: decode(pathname.slice(1)),
    application_name: searchParams.get('application_name') ?? 'parapet',
    ssl: tlsOf(searchParams.get('sslmode') ?? 'disable', caFile ?? searchParams.get('sslrootcert') ?? undefined),
  };
}

function tlsOf(mode: string, caFile: string | undefined): ConnectionOptions | false {
  const ca = caFile === undefined ? {} : { ca: read(caFile) };
  switch (mode) {
    case 'disable':
      if (caFile !== undefined) throw invalid('An authority is given, but sslmode does not ask for TLS: add sslmode=verify-full.');
      return false;
    case 'require':
      return caFile === undefined ? { rejectUnauthorized: false } : { ...ca, checkServerIdentity: () => undefined };
    case 'verify-ca':
      if (caFile === undefined) throw invalid('sslmode=verify-ca needs POSTGRES_CA_FILE: any authority of the system would do otherwise.');
      return { ...ca, checkServerIdentity: () => undefined };
    case 'verify-full':
      return ca;
    default:
      throw invalid(`sslmode=${mode} leaves open whether the connection is encrypted: set disable, require, verify-ca or verify-full.`);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('A % in it is not followed by two hexadecimal digits.');
  }
}

function read(caFile: string): Buffer {
  try {
    return readFileSync(caFile);
  } catch (error) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `POSTGRES_CA_FILE: ${caFile} cannot be read.`, cause: error });
  }
}

function invalid(why: string): ParapetError {
  return new ParapetError('PARAPET_CONFIG_INVALID', { message: `DATABASE_URL: ${why}` });
}
