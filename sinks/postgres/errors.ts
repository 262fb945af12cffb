/**
 * How PostgreSQL's errors are read. The subtle point: what it says about one record (a value that does not fit) and what it
 * says about itself (a full disk, a standby, a missing privilege) must not be mixed up, because the first makes a dead letter
 * and the second makes the batch wait. Its messages about values quote them, so of those only the state becomes a reason.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';

/** What the role must be allowed, for hints and the README. */
export const PRIVILEGES = 'CREATE on the database (or to own the schema), and to own the tables that Parapet made';

/** Whatever was thrown as PARAPET_STORE_UNAVAILABLE, with a hint when one is known. `what` completes "PostgreSQL could not …". */
export function unavailable(what: string, error: unknown): ParapetError {
  if (error instanceof ParapetError) return error;
  const state = stateOf(error);
  const says = wordsOf(error);
  const hint = (state !== undefined && hintOfState(state, says)) || hintOfConnection(error, says);
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `PostgreSQL could not ${what}: ${says}${state === undefined ? '' : ` (state ${state})`}`,
    ...(hint ? { hint } : {}),
    cause: error,
  });
}

/** The SQLSTATE of a server's answer; undefined for anything else. By shape: the two engines have error classes of their own. */
export function stateOf(error: unknown): string | undefined {
  const cause = error instanceof ParapetError ? error.cause : error;
  if (!(cause instanceof Error) || !('code' in cause) || !('severity' in cause) || typeof cause.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(cause.code) ? cause.code : undefined;
}

/** Two writers met, and one of them was sent away: the same transaction again will do. */
export const isCollision = (error: unknown) => ['40001', '40P01'].includes(stateOf(error) ?? '');

const COLLISIONS = 8;

/** Runs a transaction again when it met another one and the server sent it away to end a deadlock. */
export async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (!isCollision(error) || tries >= COLLISIONS) throw error;
      await sleep(5 * 2 ** tries * (0.5 + Math.random()));
    }
  }
}

/** Why a record cannot be stored, if that is what the error says: data exceptions, constraints, rows beyond a limit. */
export function refusalOf(error: unknown): string | undefined {
  const state = stateOf(error);
  if (state === undefined || !/^(22|23|54)/.test(state) || state === '54023') return undefined;
  const { constraint, table } = (error instanceof ParapetError ? error.cause : error) as { constraint?: string; table?: string };
  const where = [table && `table ${table}`, constraint && `constraint ${constraint}`].filter(Boolean).join(', ');
  return `state ${state}: ${MEANINGS[state] ?? 'a value that the table does not take'}${where === '' ? '' : ` (${where})`}`;
}

const MEANINGS: Record<string, string> = {
  '22001': 'a text longer than its column',
  '22003': 'a number beyond the range of its column',
  '22008': 'a time beyond the range of its column',
  '22021': 'a character that the encoding does not have',
  '22P05': 'a character that the encoding does not have',
  '23502': 'a value is missing',
  '23514': 'a check constraint is not met',
  '54000': 'a row or an index entry is too large',
};

/** Of data exceptions the message is left out, because it quotes values; of connections it is the first line. */
function wordsOf(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal !== undefined) return refusal;
  const first = error instanceof AggregateError && error.message === '' ? (error.errors[0] as unknown) : error;
  const text = first instanceof Error ? first.message : String(first);
  return (text.split('\n')[0] ?? '').slice(0, 300) || 'the connection failed';
}

function hintOfState(state: string, says: string): string | undefined {
  if (state === '28P01' || (state === '28000' && /password/.test(says))) return 'Check user and password in DATABASE_URL.';
  if (state === '28000' && /no encryption/i.test(says)) return 'The server wants TLS: add sslmode=verify-full to DATABASE_URL.';
  if (state.startsWith('28')) return 'The server knows no such user, or pg_hba.conf does not let it in from here: check DATABASE_URL.';
  if (state === '3D000')
    return 'Check the database in DATABASE_URL: the server has none of that name. Parapet makes schemas, not databases.';
  if (state === '42501') return `The role lacks a privilege. Parapet needs: ${PRIVILEGES}.`;
  if (state === '25006') return 'This is a read-only standby, or the role is set to read only: name the primary in DATABASE_URL.';
  if (state === '53300') return 'All connections of the server are taken: raise max_connections, or put a pooler in between.';
  if (state === '53100') return "The server's disk is full: make room; the sink goes on by itself.";
  if (state === '57P03') return 'The server is starting or recovering; the batch is written again later.';
  if (state === '57014') return 'A statement ran into its time limit: see what else the server does, or raise POSTGRES_TIMEOUT_MS.';
  if (state === '55P03') return 'Another session holds a lock on the tables: see pg_stat_activity for a long transaction.';
  if (/^(42P01|42703|42883|3F000)$/.test(state)) {
    return 'The schema is not as Parapet made it, or it was dropped: restart the sink to migrate, or rebuild the view.';
  }
  return undefined;
}

function hintOfConnection(error: unknown, says: string): string | undefined {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return 'Check the host in DATABASE_URL: its name cannot be resolved.';
  if (/ECONNREFUSED|ENOENT/.test(code)) return 'Nothing listens there: start PostgreSQL, or check host and port in DATABASE_URL.';
  if (/does not support SSL/i.test(says)) {
    return 'The server has no TLS: turn it on there, or set sslmode=disable in DATABASE_URL if the network is safe.';
  }
  if (/certificate has expired|not yet valid/i.test(says)) return 'Renew the server’s certificate, and check the clocks.';
  if (/self.signed|unable to (get|verify)|altnames|certificate/i.test(says)) {
    return 'Set POSTGRES_CA_FILE to the PEM of the authority that signed the certificate, and use the host name that it names.';
  }
  if (/password must be a string/.test(says)) return 'The server asks for a password, and DATABASE_URL has none.';
  if (/timeout|ETIMEDOUT/i.test(`${says} ${code}`)) return 'No answer in time: check the network, and whether the server is overloaded.';
  return undefined;
}
