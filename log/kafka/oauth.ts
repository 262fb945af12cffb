/**
 * Bearer tokens for SASL/OAUTHBEARER: from a file that something else keeps fresh (a projected service account token), or
 * by the client credentials grant. Brokers ask again for each connection, so a token is kept until shortly before its end.
 */
import { readFile } from 'node:fs/promises';
import { ParapetError } from '../../core/errors.ts';

export interface TokenSettings {
  KAFKA_SASL_OAUTH_TOKEN_FILE?: string | undefined;
  KAFKA_SASL_OAUTH_TOKEN_URL?: string | undefined;
  KAFKA_SASL_OAUTH_CLIENT_ID?: string | undefined;
  KAFKA_SASL_OAUTH_CLIENT_SECRET?: string | undefined;
  KAFKA_SASL_OAUTH_SCOPE?: string | undefined;
}

const ANSWER_MS = 5_000;
const SPARE_MS = 30_000;
const DEFAULT_LIFE_S = 60;

/** Throws PARAPET_LOG_UNAVAILABLE when no token can be had; its message holds no secret. */
export function tokenSource(settings: TokenSettings, now = Date.now): () => Promise<{ value: string }> {
  let kept: { value: string; freshUntil: number } | undefined;
  let asking: Promise<{ value: string; freshUntil: number }> | undefined;
  return async () => {
    if (settings.KAFKA_SASL_OAUTH_TOKEN_FILE !== undefined) return { value: await fromFile(settings.KAFKA_SASL_OAUTH_TOKEN_FILE) };
    if (kept === undefined || now() >= kept.freshUntil) {
      asking ??= fromServer(settings, now).finally(() => {
        asking = undefined;
      });
      kept = await asking;
    }
    return { value: kept.value };
  };
}

async function fromFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw noToken(`the file ${path} cannot be read (${error instanceof Error ? error.message : error})`);
  }
}

async function fromServer(settings: TokenSettings, now: () => number): Promise<{ value: string; freshUntil: number }> {
  const { KAFKA_SASL_OAUTH_TOKEN_URL: url = '', KAFKA_SASL_OAUTH_CLIENT_ID: id = '', KAFKA_SASL_OAUTH_SCOPE: scope } = settings;
  const secret = settings.KAFKA_SASL_OAUTH_CLIENT_SECRET ?? '';
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (error) {
    throw noToken(`${url} does not answer (${error instanceof Error ? error.message : error})`);
  }
  if (!answer.ok) throw noToken(`${url} answered ${answer.status}`);
  const body = (await answer.json()) as { access_token?: string; expires_in?: number };
  if (!body.access_token) throw noToken(`${url} answered without an access_token`);
  const lifeMs = (body.expires_in ?? DEFAULT_LIFE_S) * 1_000;
  return { value: body.access_token, freshUntil: now() + Math.max(lifeMs / 2, lifeMs - SPARE_MS) };
}

function noToken(reason: string): ParapetError {
  return new ParapetError('PARAPET_LOG_UNAVAILABLE', {
    message: `No token for Kafka: ${reason}.`,
    hint: 'Check the KAFKA_SASL_OAUTH_… settings.',
  });
}
