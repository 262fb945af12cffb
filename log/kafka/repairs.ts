/** Four faults of kafkajs 2.2.4, mended where they are. Each mends once, however often it is called. */

import type { Socket } from 'node:net';

interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}

interface Connection {
  socket?: Socket | undefined;
  /** What has arrived of an answer, how many bytes that is, and how many are needed to read on. */
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  [CONNECTING]?: Promise<boolean> | undefined;
}

interface Mended {
  [MENDED]?: true;
}

const LENGTH_BYTES = 4;
const MENDED = Symbol.for('parapet.kafkajs.mended');
const CONNECTING = Symbol.for('parapet.kafkajs.connecting');

/**
 * After every answer a connection plans its next look at its queue, also when nothing waits there and nothing is
 * throttled: the time is then negative, Node makes it 1 ms (and warns of it), and the look plans the next one. An idle
 * connection so wakes its process a thousand times a second, for good. It need only look while something waits.
 */
export function stopIdleTimer({ prototype }: { prototype: RequestQueue & Mended }): void {
  if (prototype[MENDED]) return;
  prototype[MENDED] = true;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}

/**
 * Requests that meet a closed connection at the same moment each open a socket, and the last one wins: the others stay
 * open, and what arrives on them is read as if it had come on the one in use. They have to wait for the same socket.
 * And a connection that failed is closed again at every later failure, each time with a listener more on its dead socket.
 *
 * What had arrived of an answer when the socket broke is kept, and the first answer on the next one is read as its rest: a
 * wrong answer to somebody, or reading past the end, which throws where nobody catches it and ends the process.
 */
export function oneSocket({ prototype }: { prototype: Connection & Mended }): void {
  if (prototype[MENDED]) return;
  prototype[MENDED] = true;
  const connect = prototype.connect;
  prototype.connect = function (this: Connection) {
    if (this[CONNECTING] === undefined && !this.isConnected()) beginAnew(this);
    this[CONNECTING] ??= connect.call(this).finally(() => {
      this[CONNECTING] = undefined;
    });
    return this[CONNECTING];
  };
  const disconnect = prototype.disconnect;
  prototype.disconnect = function (this: Connection) {
    if (this.socket?.destroyed) this.socket = undefined;
    return disconnect.call(this);
  };
}

/** Lets go of the socket before, which may still speak, and of what it left behind. */
function beginAnew(connection: Connection): void {
  const { socket } = connection;
  if (socket !== undefined) {
    socket.removeAllListeners();
    socket.on('error', () => {});
    socket.destroy();
  }
  connection.chunks = [];
  connection.bytesBuffered = 0;
  connection.bytesNeeded = LENGTH_BYTES;
}
