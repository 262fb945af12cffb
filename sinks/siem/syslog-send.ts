/**
 * Sends bytes to a syslog server, over a connection of their own. Syslog has no acknowledgement, so one is borrowed from
 * TCP: after the last byte our side is closed (over TLS with close_notify), and the batch counts as sent only when the
 * server closes its side *after* that, without a reset. A server closes when it has read up to the end; one that dies with
 * bytes unread resets. The subtle point: a server that closes before our bytes come also says so by a plain close, which may
 * cross them; hence the pause before our own close, in which any close means that it failed.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type TlsMaterial, unavailable } from './connection.ts';

export interface SyslogTarget {
  host: string;
  port: number;
  /** undefined for plain TCP. */
  tls: (TlsMaterial & { serverName?: string }) | undefined;
  /** How long the connection may be without any progress, in milliseconds. */
  timeoutMs: number;
  /** False for servers that keep a closed connection open: then the kernel's taking the bytes has to do. */
  waitForClose: boolean;
}

/** Resolves when the server has read all of it, as far as TCP can tell. Throws PARAPET_STORE_UNAVAILABLE. */
export function send(target: SyslogTarget, payload: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const connectedIn = stopwatch();
    const socket = connect(target);
    let closing = false;
    let ended = false;
    let closedByServer = false;
    const fail = (error: unknown) => {
      reject(unavailable(`The syslog server ${target.host}:${target.port} did not take the batch`, error));
      socket.destroy();
    };
    socket.setTimeout(target.timeoutMs, () =>
      fail(
        new Error(
          ended ? 'TIMEOUT: it did not close the connection after the last message' : 'TIMEOUT: it does not answer or does not read',
        ),
      ),
    );
    socket.on('error', fail);
    socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => {
      const roundTripMs = connectedIn();
      const close = () => {
        closing = true;
        socket.end();
      };
      if (payload.length === 0) return close();
      socket.write(payload, () => setTimeout(close, Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, 2 * roundTripMs))));
    });
    // Servers say nothing; read it anyway, or its end would never be seen.
    socket.resume();
    socket.once('finish', () => {
      ended = true;
      if (target.waitForClose) return;
      resolve();
      socket.destroySoon();
    });
    socket.once('end', () => {
      closedByServer = closing;
      if (!closing) fail(new Error('ECONNRESET: it closed the connection before the last message was sent'));
    });
    socket.once('close', () => {
      if (ended && closedByServer) resolve();
      else fail(new Error('ECONNRESET: the connection broke'));
    });
  });
}

const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

function stopwatch(): () => number {
  const started = performance.now();
  return () => performance.now() - started;
}

function connect({ host, port, tls }: SyslogTarget): Socket {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  const { serverName = host, ...material } = tls;
  return connectTls({
    ...material,
    host,
    port,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    // SNI takes no addresses; the certificate is checked against the address then.
    ...(isIP(serverName) ? {} : { servername: serverName }),
  });
}
