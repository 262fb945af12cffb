/** What the three destinations share of TLS, of options, and of saying in words why a connection failed. */
import { readFileSync } from 'node:fs';
import { ParapetError } from '../../core/errors.ts';

export interface TlsOptions {
  /** PEM of the authority that signed the server's certificate; without it, those that Node.js trusts. */
  caFile?: string;
  /** PEM of the client's certificate and its key, where the server asks for one. */
  certFile?: string;
  keyFile?: string;
  keyPassphrase?: string;
}

export interface TlsMaterial {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  passphrase?: string;
}

/** Reads the files. There is no option that turns checking the server's name or certificate off. */
export function readTls({ caFile, certFile, keyFile, keyPassphrase }: TlsOptions): TlsMaterial {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw invalid('A client certificate needs both certFile and keyFile.');
  }
  return {
    ...(caFile === undefined ? {} : { ca: readPem('caFile', caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem('certFile', certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem('keyFile', keyFile) }),
    ...(keyPassphrase === undefined ? {} : { passphrase: keyPassphrase }),
  };
}

function readPem(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `${option}: ${path} cannot be read.`, cause });
  }
}

export function invalid(message: string): ParapetError {
  return new ParapetError('PARAPET_CONFIG_INVALID', { message });
}

/** The option as an HTTP(S) URL without credentials in it. The message shows no more of it than its option's name. */
export function parseUrl(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalid(`${option} is not an http(s):// URL.`);
  if (url.username !== '' || url.password !== '') throw invalid(`${option} must hold no user and no password.`);
  return url;
}

/** The name of a sink: `siem.<destination>.<topic>`, and the endpoint's name where there are several of a kind. */
export function sinkName(destination: string, topic: string, endpoint?: string): string {
  if (endpoint !== undefined && !/^[a-z0-9][a-z0-9-]{0,31}$/.test(endpoint)) {
    throw invalid('endpoint is a name of small letters, digits and dashes, at most 32.');
  }
  return `siem.${destination}.${topic}${endpoint === undefined ? '' : `.${endpoint}`}`;
}

/** What was thrown as PARAPET_STORE_UNAVAILABLE that says what to do. */
export function unavailable(what: string, thrown: unknown): ParapetError {
  if (thrown instanceof ParapetError) return thrown;
  const error = innermost(thrown);
  const code = error !== undefined && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const says = error === undefined ? String(thrown) : error.message.split('\n')[0] || code || error.name;
  const hint = HINTS.find(([pattern]) => pattern.test(`${code} ${says}`))?.[1];
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `${what}: ${says.slice(0, 300)}`,
    cause: thrown,
    ...(hint === undefined ? {} : { hint }),
  });
}

const HINTS: [RegExp, string][] = [
  [/ENOTFOUND|EAI_AGAIN/, 'The host’s name cannot be resolved: check it, and the DNS.'],
  [/ECONNREFUSED/, 'Nothing listens there: check host and port, and that the server runs.'],
  [/EHOSTUNREACH|ENETUNREACH/, 'There is no route to the host: check the network and its firewalls.'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'The server’s certificate is out of its time: renew it there, or check the clocks.'],
  [/ALTNAME_INVALID/, 'The server’s certificate is for another name: use the host name that it names.'],
  [
    /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|self.signed/i,
    'The authority of the server’s certificate is not trusted: set the CA file to its PEM.',
  ],
  [
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|alert/i,
    'The server wants a client certificate that it trusts: set certificate and key.',
  ],
  [/WRONG_VERSION|packet length|EPROTO/i, 'The port does not speak TLS: check the port, or whether TLS is wanted.'],
  [/TIMEOUT|TIMEDOUT/i, 'No answer in time: check the load of the server and the way to it.'],
  [/ECONNRESET|EPIPE|UND_ERR_SOCKET|other side closed/i, 'The server cut the connection: its own log says why.'],
];

/** Errors come wrapped: in an AggregateError for a host of several addresses, in a cause elsewhere. */
function innermost(thrown: unknown): Error | undefined {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return innermost(thrown.errors[0]);
  if (!(thrown instanceof Error)) return undefined;
  return ('code' in thrown ? undefined : innermost(thrown.cause)) ?? thrown;
}
