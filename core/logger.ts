/** Structured logs on standard error. A line holds ids, codes and numbers; never prompt text, never a secret. */
import pino, { type Logger } from 'pino';

export type { Logger };

export function createLogger(part: string, level = process.env['PARAPET_LOG_LEVEL'] ?? 'info'): Logger {
  return pino({ base: { part, pid: process.pid }, level }, pino.destination({ dest: 2, sync: true }));
}
