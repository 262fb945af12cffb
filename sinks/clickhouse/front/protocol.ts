/**
 * ClickHouse's HTTP protocol, the reading half: what a request says, and how answers and errors look. No engine in here.
 * The subtle point: clients know errors by their text (`Code: 62. DB::Exception: … (SYNTAX_ERROR)`), so every error, also
 * our own refusals, is said in that form. Source: https://clickhouse.com/docs/interfaces/http
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ParapetError } from '../../../core/errors.ts';

/** An error as ClickHouse says it. */
export class ClickHouseFault extends Error {
  readonly code: number;
  readonly type: string;
  readonly status: number;

  constructor(code: number, type: string, what: string, status = statusOf(code)) {
    super(`Code: ${code}. DB::Exception: ${what} (${type})`);
    this.code = code;
    this.type = type;
    this.status = status;
  }
}

export interface QueryRequest {
  sql: string;
  params: Record<string, string>;
  settings: Record<string, string>;
  format: string;
  queryId: string | undefined;
  compress: boolean;
}

const MAX_QUERY_BYTES = 1024 * 1024;

/** The settings a client may send, with the largest value where more would hurt; everything else is refused or ignored. */
const SETTINGS = new Map<string, number | undefined>([
  ['max_execution_time', 60],
  ['max_result_rows', 50_000_000],
  ['max_result_bytes', 8_000_000_000],
  ['max_rows_to_read', undefined],
  ['max_threads', 8],
  ['max_block_size', 1_000_000],
  ['join_use_nulls', undefined],
  ['group_by_use_nulls', undefined],
  ['session_timezone', undefined],
  ['date_time_output_format', undefined],
  ['output_format_pretty_row_numbers', undefined],
  ['output_format_pretty_color', undefined],
  ['output_format_pretty_max_rows', undefined],
  ['output_format_json_quote_64bit_integers', undefined],
  ['output_format_json_quote_64bit_floats', undefined],
  ['output_format_json_quote_denormals', undefined],
  ['output_format_json_quote_decimals', undefined],
  ['output_format_json_named_tuples_as_objects', undefined],
  ['output_format_json_array_of_rows', undefined],
  ['output_format_csv_crlf_end_of_line', undefined],
  ['output_format_decimal_trailing_zeros', undefined],
  ['output_format_binary_write_json_as_string', undefined],
  ['extremes', undefined],
]);

/** Belongs to connections, or asks for what a reading front does anyway. */
const IGNORED = new Set(
  'query database default_format query_id session_id session_check session_timeout user password wait_end_of_query enable_http_compression http_zlib_compression_level compress decompress buffer_size send_progress_in_http_headers http_headers_progress_interval_ms cancel_http_readonly_queries_on_client_close client_protocol_version role quota_key add_http_cors_header log_comment log_queries readonly result_overflow_mode http_response_buffer_size http_write_exception_in_output_format network_compression_method'.split(
    ' ',
  ),
);

/** Reads the request. Throws a ClickHouseFault for what this front does not take. */
export async function readRequest(request: IncomingMessage, url: URL, database: string): Promise<QueryRequest> {
  const asked = url.searchParams.get('database') ?? headerOf(request, 'x-clickhouse-database') ?? database;
  // Clients send `default` when nobody chose: it means ours.
  if (asked !== database && asked !== 'default' && asked !== '')
    throw new ClickHouseFault(81, 'UNKNOWN_DATABASE', `Database ${asked} does not exist here. Use ${database}.`);
  const params: Record<string, string> = {};
  const settings: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = value;
    else if (SETTINGS.has(name)) settings[name] = bounded(name, value);
    else if (!IGNORED.has(name)) throw new ClickHouseFault(164, 'READONLY', `Cannot modify '${name}' setting in readonly mode.`);
  }
  const body = request.method === 'POST' ? await readBody(request) : '';
  const sql = [url.searchParams.get('query') ?? '', body].filter((part) => part !== '').join('\n');
  if (sql.trim() === '') throw new ClickHouseFault(62, 'SYNTAX_ERROR', 'Empty query.');
  return {
    sql,
    params,
    settings,
    format: url.searchParams.get('default_format') ?? headerOf(request, 'x-clickhouse-format') ?? 'TabSeparated',
    queryId: url.searchParams.get('query_id') ?? headerOf(request, 'x-clickhouse-query-id'),
    compress:
      ['1', 'true'].includes(url.searchParams.get('enable_http_compression') ?? '') &&
      /\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? ''),
  };
}

function bounded(name: string, value: string): string {
  const limit = SETTINGS.get(name);
  if (limit === undefined) return value;
  const number = Number(value);
  // 0 means "no limit" to ClickHouse.
  return Number.isFinite(number) && number > 0 ? String(Math.min(number, limit)) : String(limit);
}

async function readBody(request: IncomingMessage): Promise<string> {
  if ((headerOf(request, 'content-encoding') ?? 'identity') !== 'identity')
    throw new ClickHouseFault(48, 'NOT_IMPLEMENTED', 'Compressed queries are not taken.', 501);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_QUERY_BYTES) throw new ClickHouseFault(62, 'SYNTAX_ERROR', `The query is larger than ${MAX_QUERY_BYTES} bytes.`, 413);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether the request names the user and the password, in any of ClickHouse's three ways. Takes the same time either way. */
export function isAuthentic(request: IncomingMessage, url: URL, user: string, password: string): boolean {
  const basic = /^Basic (.+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1];
  const [basicUser, ...basicPassword] = basic === undefined ? [undefined] : Buffer.from(basic, 'base64').toString('utf8').split(':');
  const givenUser = headerOf(request, 'x-clickhouse-user') ?? basicUser ?? url.searchParams.get('user') ?? 'default';
  const givenPassword =
    headerOf(request, 'x-clickhouse-key') ??
    (basic === undefined ? undefined : basicPassword.join(':')) ??
    url.searchParams.get('password') ??
    '';
  const sameUser = same(givenUser, user);
  return same(givenPassword, password) && sameUser;
}

export function wrongPassword(user: string): ClickHouseFault {
  const what = `${user}: Authentication failed: password is incorrect, or there is no user with such name.`;
  return new ClickHouseFault(516, 'AUTHENTICATION_FAILED', what, 401);
}

function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Any error as ClickHouse would say it. */
export function faultOf(error: unknown): ClickHouseFault {
  if (error instanceof ClickHouseFault) return error;
  if (error instanceof ParapetError) return new ClickHouseFault(164, 'READONLY', error.message, error.status);
  const text = error instanceof Error ? error.message : String(error);
  const match = /Code: (\d+)\. DB::Exception: (.*?)\s*\(([A-Z][A-Z0-9_]*)\)\s*$/s.exec(text);
  if (match === null) return new ClickHouseFault(1002, 'UNKNOWN_EXCEPTION', text);
  return new ClickHouseFault(Number(match[1]), match[3] ?? '', match[2] ?? '');
}

const BAD_REQUEST = new Set([6, 26, 27, 36, 38, 41, 43, 53, 62, 69, 70, 72, 115, 117, 456, 457]);
const NOT_FOUND = new Set([46, 47, 50, 60, 73, 81]);

/** The HTTP status that ClickHouse gives an error. */
function statusOf(code: number): number {
  if (BAD_REQUEST.has(code)) return 400;
  if (NOT_FOUND.has(code)) return 404;
  if (code === 48) return 501;
  if (code === 159) return 408;
  if (code === 202) return 503;
  return 500;
}

/** The format at the end of a statement that ClickHouse printed; only for headers, so a mistake harms nothing. */
export function formatOf(printed: string, otherwise: string): string {
  return /\bFORMAT ([A-Za-z0-9]+)$/.exec(printed)?.[1] ?? otherwise;
}

export function contentTypeOf(format: string): string {
  if (/^JSON.*EachRow|^NDJSON$|^JSONLines$/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('CSV')) return `text/csv; charset=UTF-8; header=${format.includes('WithNames') ? 'present' : 'absent'}`;
  if (format.startsWith('TabSeparated') || format.startsWith('TSV')) return 'text/tab-separated-values; charset=UTF-8';
  if (format === 'XML') return 'application/xml; charset=UTF-8';
  if (/^(Pretty|Vertical|Markdown|Values|SQLInsert)/.test(format)) return 'text/plain; charset=UTF-8';
  return 'application/octet-stream';
}

export type ParamValue = string | number | boolean | null | ParamValue[];

/**
 * A value of a `param_…` parameter as chDB takes it. Clients send strings in TSV's escaping and lists as ClickHouse writes
 * them; chDB wants both plain, because it escapes them itself. Throws a ClickHouseFault for a list that is not one.
 */
export function paramValue(sent: string): ParamValue {
  if (sent === '\\N') return null;
  if (sent.startsWith('[')) return readList(sent);
  return unescapeText(sent);
}

function readList(text: string): ParamValue {
  let at = 0;
  const bad = () => new ClickHouseFault(457, 'BAD_QUERY_PARAMETER', `The list parameter cannot be read at position ${at}.`);
  const value = (): ParamValue => {
    if (text[at] === '[') {
      const items: ParamValue[] = [];
      at++;
      while (text[at] !== ']') {
        if (items.length > 0 && text[at++] !== ',') throw bad();
        while (text[at] === ' ') at++;
        if (items.length > 0 || text[at] !== ']') items.push(value());
        while (text[at] === ' ') at++;
        if (at >= text.length) throw bad();
      }
      at++;
      return items;
    }
    const token = /^(?:'((?:[^'\\]|\\.|'')*)'|(-?[0-9.eE+-]+)|(TRUE|FALSE|NULL))/is.exec(text.slice(at));
    if (token === null) throw bad();
    at += token[0].length;
    if (token[1] !== undefined) return unescapeText(token[1].replaceAll("''", "'"));
    if (token[2] !== undefined) return Number.isSafeInteger(Number(token[2])) || token[2].includes('.') ? Number(token[2]) : token[2];
    return token[3]?.toUpperCase() === 'NULL' ? null : token[3]?.toUpperCase() === 'TRUE';
  };
  const list = value();
  if (at !== text.length) throw bad();
  return list;
}

function unescapeText(text: string): string {
  return text.replace(/\\(.)/gs, (_, char: string) => ({ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0' })[char] ?? char);
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
