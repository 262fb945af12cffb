/**
 * Every error that a caller or an operator can see has a code. This table is the one list of them: the HTTP status,
 * what it means and what to do come from here, and `docs/errors.md` is made from it.
 */

type Entry = { status: number; means: string; hint: string };

export const ERROR_TABLE = {
  // What the caller sent.
  PARAPET_BODY_NOT_JSON: { status: 400, means: 'The body is not valid JSON.', hint: 'Send a JSON object encoded as UTF-8.' },
  PARAPET_BODY_NOT_UTF8: { status: 400, means: 'The body is not valid UTF-8.', hint: 'Encode the body as UTF-8.' },
  PARAPET_BODY_TOO_DEEP: { status: 400, means: 'The JSON is nested too deeply.', hint: 'Flatten the body; 64 levels are allowed.' },
  PARAPET_BODY_AMBIGUOUS: {
    status: 400,
    means: 'An object in the JSON has the same field twice.',
    hint: 'Send each field once; which of two holds would depend on who reads them.',
  },
  PARAPET_BODY_TOO_LARGE: { status: 413, means: 'The body is over the size limit.', hint: 'Send less, or raise PARAPET_BODY_LIMIT_BYTES.' },
  PARAPET_BODY_TIMEOUT: {
    status: 408,
    means: 'The request did not arrive in time.',
    hint: 'Send the whole request within PARAPET_REQUEST_TIMEOUT_MS.',
  },
  PARAPET_BODY_INCOMPLETE: {
    status: 400,
    means: 'The connection ended before the whole body had come.',
    hint: 'Send as many bytes as content-length says.',
  },
  PARAPET_HEADERS_TOO_LARGE: {
    status: 431,
    means: 'The request headers are too large.',
    hint: 'Send fewer or shorter headers; 16 KiB are allowed.',
  },
  PARAPET_CLIENT_STALLED: {
    status: 408,
    means: 'The client stopped reading its answer.',
    hint: 'Read the answer as it comes, or raise PARAPET_CLIENT_STALL_MS.',
  },
  PARAPET_CONTENT_TYPE: { status: 415, means: 'The content type is not application/json.', hint: 'Set content-type: application/json.' },
  PARAPET_INVALID_REQUEST: {
    status: 400,
    means: 'A field of the request is missing or has a wrong value.',
    hint: 'See the message for the field.',
  },
  PARAPET_UNSUPPORTED: {
    status: 400,
    means: 'The request asks for something that this route cannot carry.',
    hint: 'See the message for the field.',
  },
  PARAPET_MODEL_UNKNOWN: {
    status: 404,
    means: 'No configured vendor serves this model.',
    hint: 'List what is served with GET /v1/models.',
  },
  PARAPET_ROUTE_UNKNOWN: { status: 404, means: 'There is no such route.', hint: 'See docs/gateway.md for the routes.' },
  PARAPET_METHOD_NOT_ALLOWED: { status: 405, means: 'The route does not take this method.', hint: 'See docs/gateway.md for the routes.' },
  PARAPET_KEY_MISSING: { status: 401, means: 'No API key was sent.', hint: 'Send Authorization: Bearer … or x-api-key.' },
  PARAPET_KEY_INVALID: { status: 401, means: 'The API key is not known.', hint: 'Check the key; keys are set in PARAPET_API_KEYS_FILE.' },
  PARAPET_AGENT_FORBIDDEN: {
    status: 403,
    means: 'This API key may not speak for another agent.',
    hint: 'Leave the agent out, or use a key with mayNameAgent.',
  },
  // What the gateway decided.
  PARAPET_BLOCKED: {
    status: 403,
    means: 'A guard blocked the request or its answer.',
    hint: 'See the findings; an operator can change PARAPET_INSPECT_MODE.',
  },
  PARAPET_HARMFUL_REQUEST: {
    status: 403,
    means: 'The request asks for harm, and the policy is to refuse that.',
    hint: 'Say what it is for if it was meant otherwise; an operator can change PARAPET_HARMFUL.',
  },
  PARAPET_AGENT_QUARANTINED: {
    status: 403,
    means: 'The agent is in quarantine, and no vendor is called for it.',
    hint: 'Wait until the time in the message, or ask an operator: parapet quarantine list, parapet quarantine lift.',
  },
  PARAPET_INSPECTION_FAILED: {
    status: 503,
    means: 'A guard failed, and the policy is to fail closed.',
    hint: 'Retry; the operator finds the cause in the log.',
  },
  PARAPET_SPOOL_FULL: {
    status: 503,
    means: 'The spool is full, so no further request can be recorded.',
    hint: 'Bring the event log back or raise PARAPET_SPOOL_BYTES. Requests are refused so that no event is lost.',
  },
  PARAPET_SPOOL_FAILED: {
    status: 503,
    means: 'The spool could not write to its disk.',
    hint: 'Check free space and permissions of the data folder.',
  },
  PARAPET_SPOOL_LOCKED: { status: 503, means: 'Another process uses this spool.', hint: 'Give each gateway its own PARAPET_GATEWAY_ID.' },
  PARAPET_DISK_FAILED: {
    status: 503,
    means: 'The disk does not take what must be written.',
    hint: 'Free some space on the disk of PARAPET_DATA, and check its permissions and health. Nothing was acknowledged.',
  },
  PARAPET_DRAINING: { status: 503, means: 'The gateway is shutting down.', hint: 'Retry against another gateway.' },
  PARAPET_INTERNAL: { status: 500, means: 'A fault of the gateway itself.', hint: 'Report it with the interaction id.' },
  // What the vendor did.
  PARAPET_VENDOR_UNREACHABLE: { status: 502, means: 'The vendor could not be reached.', hint: 'Check the vendor URL and the network.' },
  PARAPET_VENDOR_TIMEOUT: { status: 504, means: 'The vendor did not answer in time.', hint: 'Retry, or raise PARAPET_VENDOR_TIMEOUT_MS.' },
  PARAPET_VENDOR_GARBAGE: {
    status: 502,
    means: 'The vendor answered something that is not its own format.',
    hint: 'Retry; see the interaction for what came.',
  },
  PARAPET_VENDOR_CUT: { status: 502, means: 'The vendor ended the answer before its end.', hint: 'Retry.' },
  PARAPET_VENDOR_ERROR: { status: 502, means: 'The vendor answered with an error.', hint: 'See the vendor’s message.' },
  PARAPET_VENDOR_RATE_LIMITED: { status: 429, means: 'The vendor’s rate limit is reached.', hint: 'Wait as long as retry-after says.' },
  // What the operator set or runs.
  PARAPET_CONFIG_INVALID: { status: 500, means: 'The configuration is not valid.', hint: 'See the list in the message.' },
  PARAPET_PORT_UNAVAILABLE: {
    status: 500,
    means: 'A port cannot be listened on.',
    hint: 'Another process has it, or the user may not: set PARAPET_PORT, PARAPET_CLICKHOUSE_PORT or PARAPET_METRICS_PORT to a free one.',
  },
  PARAPET_SCHEMA_UNKNOWN: {
    status: 500,
    means: 'A record names a schema id that the registry does not know.',
    hint: 'Register the schema, or check that the registry is the one the writer used.',
  },
  PARAPET_SCHEMA_INCOMPATIBLE: {
    status: 500,
    means: 'A schema change would break readers or writers (FULL_TRANSITIVE).',
    hint: 'Only add fields that have a default, or remove fields that had one.',
  },
  PARAPET_RECORD_INVALID: {
    status: 500,
    means: 'A record’s bytes do not fit its schema.',
    hint: 'See the dead letter for its source position.',
  },
  PARAPET_RECORD_TOO_LARGE: { status: 500, means: 'A record is larger than the log takes.', hint: 'Lower PARAPET_BODY_LIMIT_BYTES.' },
  PARAPET_LOG_TOPIC_UNKNOWN: { status: 500, means: 'The event log has no such topic.', hint: 'Topics are listed in log/topics.ts.' },
  PARAPET_LOG_UNAVAILABLE: {
    status: 503,
    means: 'The event log did not answer or refused the connection.',
    hint: 'Check the brokers and the KAFKA_… settings; the spool keeps what was accepted until the log is back.',
  },
  PARAPET_DEAD_LETTER_UNKNOWN: {
    status: 404,
    means: 'There is no such open dead letter.',
    hint: 'parapet dead list shows them; --state all also those that were decided about.',
  },
  PARAPET_EVENT_UNKNOWN: {
    status: 404,
    means: 'The log has no such threat or interaction.',
    hint: 'Copy the id from a view: threat_id (event_id in Elasticsearch), or interaction_id. What is past its retention has left the log.',
  },
  PARAPET_DEAD_LETTER_OVERTAKEN: {
    status: 409,
    means: 'Later records of the same key were worked on while this one was set aside.',
    hint: 'Replay with --out-of-order if its consumer may see it late, as every view of Parapet may.',
  },
  PARAPET_LOG_FENCED: {
    status: 500,
    means: 'This consumer no longer owns the partition it tried to commit.',
    hint: 'Nothing to do: another member of the group goes on.',
  },
  PARAPET_KEY_UNAVAILABLE: {
    status: 500,
    means: 'The data key of this content is gone or cannot be unwrapped.',
    hint: 'If the subject was erased this is final; else check the master key file.',
  },
  PARAPET_MASTER_KEY_OUTSIDE: {
    status: 409,
    means: 'The master key comes from outside, and there is no new one to change to.',
    hint: 'Set PARAPET_MASTER_KEY to a new key and PARAPET_PREVIOUS_MASTER_KEY to the one so far, start every process anew, then run parapet rotate-master.',
  },
  PARAPET_STORE_UNAVAILABLE: {
    status: 503,
    means: 'A store did not answer.',
    hint: 'Check the store; nothing is lost, the sink goes on from its last position.',
  },
  PARAPET_STORE_REFUSED: { status: 500, means: 'A store refused a record.', hint: 'See the dead letter for the store’s reason.' },
  PARAPET_VIEW_UNKNOWN: { status: 404, means: 'There is no such view.', hint: 'parapet replay --help lists the views.' },
  PARAPET_REPLAY_DIFFERS: {
    status: 500,
    means: 'The rebuilt view does not hold what the log holds.',
    hint: 'The old view was kept; see the difference report.',
  },
  PARAPET_REPLAY_IMPOSSIBLE: {
    status: 409,
    means: 'The view cannot be rebuilt like this.',
    hint: 'See the message; docs/operations.md says what each view can be rebuilt from.',
  },
  PARAPET_ERASURE_INCOMPLETE: {
    status: 503,
    means: 'Views still name the subject that is being erased.',
    hint: 'Its keys are destroyed. Run the same command again: it goes on where it stopped.',
  },
  PARAPET_EVALUATION_FILE: {
    status: 400,
    means: 'A file of an evaluation cannot be read as rows, or a report cannot be written.',
    hint: 'See the message for file and line; docs/evaluation.md shows what a row looks like.',
  },
  PARAPET_BEHAVIOUR_STATE_UNREADABLE: {
    status: 500,
    means: 'What was learned of a user, an agent or a conversation cannot be read back.',
    hint: 'Something else wrote to that key of the state topic. Delete the key: it is learned anew, or rebuilt by a replay.',
  },
  PARAPET_MODEL_INVALID: {
    status: 500,
    means: 'A model of the detection cannot be used: its file is missing, cut short, or of another make.',
    hint: 'See the message; docs/models.md says what a model folder holds. Unset PARAPET_MODEL_PATH for the built-in model.',
  },
  PARAPET_TRAIN_TOO_FEW: {
    status: 400,
    means: 'There are too few verdicts of analysts to learn from.',
    hint: 'Give more with `parapet verdict`; those whose interaction has left the log or was erased do not count.',
  },
  PARAPET_CANDIDATE_NOT_BETTER: {
    status: 409,
    means: 'The model that the verdicts made is no better than the one that holds, so it was not published.',
    hint: 'See the message for the figures. More verdicts may help; what holds goes on holding.',
  },
  PARAPET_BUNDLE_INVALID: {
    status: 400,
    means: 'A bundle of signatures, or a rule in it, cannot be used.',
    hint: 'See the message for rule and reason; docs/signatures.md says what a rule must be. What held before goes on holding.',
  },
  PARAPET_BUNDLE_UNTRUSTED: {
    status: 403,
    means: 'A bundle of signatures is not signed by a key that is trusted here, or was changed after it was signed.',
    hint: 'Name the publisher’s key in PARAPET_SIGNATURE_PUBLIC_KEYS, if you know it. What held before goes on holding.',
  },
  PARAPET_FRAMEWORK_INVALID: {
    status: 400,
    means: 'A framework, or a file of one, cannot be used.',
    hint: 'See the message, which names every mistake; docs/frameworks.md says what a file must be.',
  },
  PARAPET_QUERY_REFUSED: {
    status: 403,
    means: 'The embedded ClickHouse only answers reading queries.',
    hint: 'Use SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN.',
  },
  // Evidence.
  PARAPET_PACKAGE_INVALID: {
    status: 422,
    means: 'An evidence package is not what was sealed: a file is missing, was added or changed, or a signature does not hold.',
    hint: 'See the message. Get the package again from where it was published; VERIFY.md in it says how to check it by hand.',
  },
  PARAPET_PACKAGE_EXISTS: {
    status: 409,
    means: 'A package of this framework, organisation and period was already published, and published packages are never replaced.',
    hint: 'What came late goes into an addendum: parapet report … --addendum.',
  },
  PARAPET_PROOF_IMPOSSIBLE: {
    status: 404,
    means: 'The interaction cannot be proven to belong to the package.',
    hint: 'See the message.',
  },
  PARAPET_CHAIN_BROKEN: {
    status: 409,
    means: 'A package names another predecessor than the one that is in the archive.',
    hint: 'Find the missing package: the audit log has every published manifest’s hash (action evidence.published).',
  },
  PARAPET_SIGNER_INVALID: {
    status: 500,
    means: 'The key or certificate that evidence is signed with cannot be used.',
    hint: 'See the message; docs/evidence.md says what key and certificates must be.',
  },
  PARAPET_OPENSSL_FAILED: {
    status: 500,
    means: 'The openssl command is not there, or refused.',
    hint: 'Install openssl, or name it in PARAPET_OPENSSL. Evidence is timestamped and checked with it.',
  },
  PARAPET_TIMESTAMP_FAILED: {
    status: 502,
    means: 'The timestamp authority gave no timestamp, or one that does not hold.',
    hint: 'Check PARAPET_EVIDENCE_TSA_URL and its certificate; run the same command again, it goes on from there.',
  },
  PARAPET_APPROVAL_REFUSED: {
    status: 403,
    means: 'This person cannot approve this package.',
    hint: 'See the message. Approvers and their roles stand in PARAPET_COMPLIANCE_FILE.',
  },
  PARAPET_LOCK_REFUSED: {
    status: 502,
    means: 'The bucket did not lock an object, so nothing was published.',
    hint: 'Make the bucket with Object Lock enabled and allow s3:PutObjectRetention; then run the same command again.',
  },
  PARAPET_PERIOD_INVALID: {
    status: 400,
    means: 'This is no period of time, or one that is not over.',
    hint: 'Write a day (2026-11-21), a month (2026-10), a quarter (2026-Q3) or a year (2026).',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export interface ErrorDetails {
  /** What happened, for the person who reads it; defaults to the table's meaning. */
  message?: string;
  hint?: string;
  /** HTTP status, when the occasion asks for another one than the table's. */
  status?: number;
  /** Seconds after which a retry makes sense. */
  retryAfterSeconds?: number;
  /** The request field at fault, as a path such as `messages[2].content`. */
  param?: string;
  cause?: unknown;
}

/** An error with a code of the table. `message` holds no prompt text and no secret. */
export class ParapetError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string;
  readonly retryAfterSeconds: number | undefined;
  readonly param: string | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? ERROR_TABLE[code].means, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ParapetError';
    this.code = code;
    this.status = details.status ?? ERROR_TABLE[code].status;
    this.hint = details.hint ?? ERROR_TABLE[code].hint;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.param = details.param;
  }
}

/** What Node says of a disk that is full, over its quota, read-only or broken. */
const DISK_FAULTS = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/** Any thrown thing as a ParapetError; what has no code yet becomes `fallback` with the original as its cause. */
export function toParapetError(thrown: unknown, fallback: ErrorCode = 'PARAPET_INTERNAL'): ParapetError {
  if (thrown instanceof ParapetError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const { syscall, code } = (thrown ?? {}) as NodeJS.ErrnoException;
  if (syscall === 'listen') fallback = 'PARAPET_PORT_UNAVAILABLE';
  else if (fallback === 'PARAPET_INTERNAL' && DISK_FAULTS.has(code ?? '')) fallback = 'PARAPET_DISK_FAILED';
  return new ParapetError(fallback, { message: `${ERROR_TABLE[fallback].means} (${message})`, cause: thrown });
}
