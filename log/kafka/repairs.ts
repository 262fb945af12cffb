/** Three faults of kafkajs 2.2.4, mended where they are. Each mends once, however often it is called. */

interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}

interface Connection {
  socket?: { destroyed: boolean } | undefined;
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  [CONNECTING]?: Promise<boolean> | undefined;
}

interface Mended {
  [MENDED]?: true;
}

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
 */
export function oneSocket({ prototype }: { prototype: Connection & Mended }): void {
  if (prototype[MENDED]) return;
  prototype[MENDED] = true;
  const connect = prototype.connect;
  prototype.connect = function (this: Connection) {
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
