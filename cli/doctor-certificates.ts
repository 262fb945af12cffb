/**
 * How long the certificates of the servers that these settings name are good for. Whether a certificate is trusted each store's
 * own check finds out; here only its dates are read, so that its end is known before it comes.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Environment } from '../core/environment.ts';
import type { Check } from './doctor.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
const WITHIN_MS = 5_000;
/** PostgreSQL's request for TLS before anything else is said. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

interface Server {
  /** The setting that names it. */
  setting: string;
  host: string;
  port: number;
  startTls?: 'postgres';
}

/** A warning two weeks before the first of them ends; undefined when none of the servers speaks TLS. */
export async function checkCertificates(env: Environment): Promise<string | Check | undefined> {
  const servers = serversOf(env);
  if (servers.length === 0) return undefined;
  const found: string[] = [];
  const late: string[] = [];
  let over = false;
  for (const server of servers) {
    // A server that cannot be reached is the store's own check to tell.
    const peer = await peerOf({ ...server, tls: true, anyCertificate: true }).catch(() => undefined);
    if (peer?.validTo === undefined) continue;
    const days = Math.floor((peer.validTo.getTime() - Date.now()) / DAY_MS);
    const says = `${server.setting} (${server.host}) ${days < 0 ? `ended ${-days} days ago` : `${days} days`}`;
    found.push(says);
    if (days < SOON_DAYS) late.push(says);
    over ||= days < 0;
  }
  if (late.length === 0) return found.join(', ') || 'none could be read';
  const hint = 'Renew the certificate there, before connections fail.';
  return { name: 'certificates', state: over ? 'failed' : 'warning', says: late.join(', '), hint };
}

function serversOf(env: Environment): Server[] {
  const names = ['CLICKHOUSE_URL', 'ELASTICSEARCH_URL', 'INFLUX_URL', 'S3_ENDPOINT', 'SCHEMA_REGISTRY_URL'] as const;
  const urls = [...names, 'SIEM_SYSLOG_URL', 'SIEM_WEBHOOK_URL', 'SIEM_HEC_URL'] as const;
  const servers: Server[] = [];
  for (const setting of urls) {
    const url = env[setting] === undefined ? undefined : new URL(env[setting]);
    if (url !== undefined && /^(https|tls):$/.test(url.protocol)) {
      servers.push({ setting, host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 443) });
    }
  }
  if (env.DATABASE_URL !== undefined) {
    const { hostname, port, searchParams } = new URL(env.DATABASE_URL);
    const mode = searchParams.get('sslmode') ?? 'disable';
    if (mode !== 'disable') servers.push({ setting: 'DATABASE_URL', host: hostname, port: Number(port || 5432), startTls: 'postgres' });
  }
  if (env.KAFKA_SSL) {
    for (const broker of env.KAFKA_BROKERS ?? []) {
      const [host = '', port] = broker.split(':');
      servers.push({ setting: 'KAFKA_BROKERS', host, port: Number(port) });
    }
  }
  return servers;
}

export interface PeerOptions {
  host: string;
  port: number;
  tls: boolean;
  ca?: Buffer;
  /** Takes whatever certificate the server shows: only to read it. */
  anyCertificate?: boolean;
  startTls?: 'postgres';
}

/** Connects and hangs up again. Throws Node's own error, or one that says that there was no answer. */
export function peerOf(options: PeerOptions): Promise<{ validTo?: Date }> {
  const { host, port, tls, ca, anyCertificate = false, startTls } = options;
  return new Promise((resolve, reject) => {
    let socket: Socket | TLSSocket;
    const timer = setTimeout(() => end(new Error(`no answer in ${WITHIN_MS / 1_000} s`)), WITHIN_MS);
    const end = (error?: Error, validTo?: Date) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve(validTo === undefined ? {} : { validTo });
    };
    const secure = (over?: Socket) => {
      const secured = connectTls({
        ...(over === undefined ? { host, port } : { socket: over }),
        ...(isIP(host) ? {} : { servername: host }),
        ...(ca === undefined ? {} : { ca }),
        rejectUnauthorized: !anyCertificate,
      });
      socket = secured;
      secured.once('error', end);
      secured.once('secureConnect', () => {
        const { valid_to: until } = secured.getPeerCertificate();
        end(undefined, until === undefined ? undefined : new Date(until));
      });
    };
    if (tls && startTls === undefined) return secure();
    const plain = connectPlain({ host, port });
    socket = plain;
    plain.once('error', end);
    plain.once('connect', () => {
      if (!tls) return end();
      plain.write(SSL_REQUEST);
      plain.once('data', (answer) => (answer.toString('latin1', 0, 1) === 'S' ? secure(plain) : end(new Error('the server has no TLS'))));
    });
  });
}
