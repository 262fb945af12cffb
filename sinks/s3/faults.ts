/** What the lake, and whatever else is kept in such a store, says when the store fails. */
import { ParapetError } from '../../core/errors.ts';

/** Runs `act`; what it throws becomes PARAPET_STORE_UNAVAILABLE with the store's own words. */
export async function attempt<T>(what: string, act: () => Promise<T>, who = 'The lake'): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof ParapetError) throw error;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const hint = hintOf(error);
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message: `${who} could not ${what}: ${reason}`,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

const KEYS = 'Check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: the store does not know them.';

/** What to do, by S3's name of an error or the system's. HEAD requests have no body, so their errors are named by status alone. */
function hintOf(error: unknown): string | undefined {
  const name = error instanceof Error ? error.name : '';
  const status = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
  const text = `${String(codeOf(error))} ${error instanceof Error ? error.message : ''}`;
  if (/^(InvalidAccessKeyId|SignatureDoesNotMatch)$/.test(name) || status === 401) return KEYS;
  if (name === 'AccessDenied' || status === 403) {
    return 'The keys are wrong, or may not use this bucket. Parapet needs s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject.';
  }
  if (name === 'NoSuchBucket' || (status === 404 && name === 'NotFound')) return 'Make the bucket, or check S3_BUCKET: Parapet makes none.';
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) return 'Check the host in S3_ENDPOINT: its name cannot be resolved.';
  if (/ECONNREFUSED/.test(text)) return 'Nothing listens there: start the store, or check S3_ENDPOINT.';
  if (/CERT_HAS_EXPIRED|has expired|not yet valid/i.test(text)) return 'Renew the server’s certificate, and check the clocks.';
  if (/self.signed|unable to (get|verify)|altnames/i.test(text)) {
    return 'The certificate is not trusted: set NODE_EXTRA_CA_CERTS to its authority, and use the host name that it names.';
  }
  if (/EACCES|EROFS/.test(text)) return 'The user may not write there: check the permissions of the lake’s folder.';
  if (/ENOSPC/.test(text)) return 'The disk is full: make room; the sink goes on by itself.';
  return undefined;
}

/** The system's own name of an error, e.g. ENOENT. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
