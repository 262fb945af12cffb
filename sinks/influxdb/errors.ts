/**
 * How failures read: whoever sees one in a log at night should know what to look at. The subtle point: in its answers about
 * points InfluxDB quotes them, tags and all, so such an answer never becomes a message; `write.ts` reads it instead.
 */
import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client';
import { ParapetError } from '../../core/errors.ts';

/** What a token must be allowed, for hints and the README. */
export const PERMISSIONS = 'read and write on buckets, labels and tasks of the organisation, and read on the organisation';

/** Whatever was thrown as PARAPET_STORE_UNAVAILABLE, with a hint when one is known. */
export function unavailable(what: string, error: unknown, outOfTime = false): ParapetError {
  if (error instanceof ParapetError) return error;
  const [says, hint] = outOfTime ? OUT_OF_TIME : explain(error);
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `InfluxDB could not ${what}: ${says}`,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...retryAfter(error),
  });
}

/** The HTTP status, when an answer was taken for an error. */
export function statusOf(error: unknown): number | undefined {
  const cause = error instanceof ParapetError ? error.cause : error;
  return cause instanceof HttpError ? cause.statusCode : undefined;
}

/** InfluxDB's own words about an error; may quote points. */
export function wordsOf(error: unknown): string {
  const cause = error instanceof ParapetError ? error.cause : error;
  if (!(cause instanceof HttpError)) return '';
  const json: unknown = cause.json;
  return typeof json === 'object' && json !== null && 'message' in json ? String(json.message) : '';
}

type Explained = readonly [says: string, hint?: string];

const OUT_OF_TIME: Explained = ['no answer in time', 'Check the load of the server, or raise INFLUX_TIMEOUT_MS; nothing is lost.'];
const NOT_INFLUX = 'Check INFLUX_URL: it must lead to InfluxDB 2 itself, or to a proxy that passes its answers on.';
const EXPIRED = /certificate has expired|not yet valid/i;
const CERTIFICATE = /self.signed certificate|unable to (get|verify)|altnames/i;

function explain(error: unknown): Explained {
  if (error instanceof HttpError) return explainStatus(error);
  if (error instanceof RequestTimedOutError) return OUT_OF_TIME;
  const first = error instanceof AggregateError && error.message === '' ? (error.errors[0] as unknown) : error;
  const says = (first instanceof Error ? (first.message.split('\n')[0] ?? '') : String(first)).slice(0, 300) || 'the connection failed';
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return [says, 'Check the host in INFLUX_URL: its name cannot be resolved.'];
  if (/ECONNREFUSED/.test(code)) return [says, 'Nothing listens there: start InfluxDB, or check INFLUX_URL.'];
  if (EXPIRED.test(says)) return [says, 'Renew the server’s certificate, and check the clocks.'];
  if (CERTIFICATE.test(says)) {
    return [says, 'Set INFLUX_CA_FILE to the PEM of the authority that signed the certificate, and use the host name that it names.'];
  }
  if (/wrong version number|packet length too long/i.test(says) || code === 'EPROTO') {
    return [says, 'The port does not speak TLS: check http or https in INFLUX_URL.'];
  }
  if (/not InfluxDB|Parse Error|JSON/.test(says) || code.startsWith('HPE_')) return [says, NOT_INFLUX];
  return [says];
}

function explainStatus(error: HttpError): Explained {
  const { statusCode: status } = error;
  const words = wordsOf(error);
  const quotes = /unable to parse|partial write/.test(words);
  const says = `${status} ${quotes ? '' : words}`.trim().slice(0, 300);
  if (status === 401 && /is unauthorized$/.test(words))
    return [says, `The token of INFLUX_TOKEN lacks a right. Parapet needs: ${PERMISSIONS}.`];
  if (status === 401) return [says, 'Check INFLUX_TOKEN: the server does not know it.'];
  if (status === 403) return [says, `The token of INFLUX_TOKEN is known, but not allowed this. Parapet needs: ${PERMISSIONS}.`];
  if (status === 404 && words.includes('organization')) return [says, 'Check INFLUX_ORG: the server has no such organisation.'];
  if (status === 404 && words.includes('bucket'))
    return [says, 'Check INFLUX_BUCKET: the server has no such bucket, or hides it from this token.'];
  if (status === 404 || (status >= 300 && status < 400)) return [says, NOT_INFLUX];
  if (status === 413) return [says, 'A proxy before InfluxDB takes no body of this size: raise its limit (nginx: client_max_body_size).'];
  if (status === 500 && /timeout/.test(words)) {
    return [says, 'The server could not write within its own limit of time: see its load, and whether new series come too fast.'];
  }
  if (status === 429) return [says, 'The server limits the rate of writes; the batch is written again later.'];
  if (status === 503) return [says, 'The server is overloaded or starting; the batch is written again later.'];
  return [says];
}

/** From the header itself: the client's own reading of it mixes seconds and milliseconds. */
function retryAfter(error: unknown): { retryAfterSeconds?: number } {
  const header = error instanceof HttpError ? error.headers?.['retry-after'] : undefined;
  const text = String(header ?? '');
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1_000);
  return seconds > 0 ? { retryAfterSeconds: seconds } : {};
}
