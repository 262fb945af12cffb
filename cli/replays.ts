/** Where a replay runs: in the process that holds the store and its sink when one answers, else in this one. */
import { join } from 'node:path';
import { dataPaths, type Environment, readSecret } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { auditRecord } from '../log/audit.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { openRebuild, type RebuildStores } from './rebuilds.ts';
import { type ReplayOptions, type ReplayProgress, type ReplayResult, replayView } from './replay.ts';
import { connectSearch, openAnalytics, openCodec, openLake, openLog } from './stores.ts';

export interface ReplayHere {
  env: Environment;
  log: EventLog;
  codec: Codec;
  stores: RebuildStores;
  /** Who did it, for the audit log. */
  actor: string;
  pause(): Promise<void>;
  onProgress(progress: ReplayProgress): void;
}

/** Replays with what this process holds, and leaves an audit event. Throws what `replayView` throws. */
export async function replayAndSay({ env, log, codec, stores, actor, pause, onProgress }: ReplayHere, options: ReplayOptions) {
  const { view } = options;
  const result = await replayView(
    {
      log,
      codec,
      lake: openLake(env),
      progressFile: join(dataPaths(env).replays, `${view}.json`),
      rebuild: (label) => openRebuild(view, label, stores),
      pause,
      onProgress,
    },
    options,
  );
  const details = { source: result.source, rows: String(result.rows), differences: String(result.differences) };
  await log.append([auditRecord(codec, { org: env.PARAPET_ORG, actor, action: 'view.replayed', target: view, details })]);
  return result;
}

/** `parapet replay`. Throws what `replayView` throws, and PARAPET_REPLAY_IMPOSSIBLE while a sink elsewhere writes into the view. */
export async function replay(
  env: Environment,
  options: ReplayOptions,
  onProgress: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  const running = await holderOf(env, options.view);
  if (running !== undefined) return replayThere(env, running, options, onProgress);
  const log = await openLog(env);
  const store = options.view.split('.')[0];
  const clickhouse = store === 'clickhouse' ? await openAnalytics(env) : undefined;
  const search = store === 'elasticsearch' && env.ELASTICSEARCH_URL !== undefined ? await connectSearch(env) : undefined;
  try {
    return await replayAndSay(
      {
        env,
        log,
        codec: await openCodec(env),
        stores: { clickhouse, search },
        actor: 'cli',
        pause: () => assertNoSink(log, options.view),
        onProgress,
      },
      options,
    );
  } finally {
    await search?.close();
    await clickhouse?.close();
    await log.close();
  }
}

/** A log refuses to move a group that has members: so this says whether it has, and moves nothing. */
async function assertNoSink(log: EventLog, view: string): Promise<void> {
  const [commit] = (await log.commits(view)).filter(({ topic }) => Object.values(TOPICS).some(({ name }) => name === topic));
  if (commit === undefined) return;
  try {
    await log.seek(view, commit, commit.metadata);
  } catch (error) {
    if (!(error instanceof ParapetError && error.code === 'PARAPET_LOG_FENCED')) throw error;
    throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', {
      message: `A sink of ${view} is running in another process. Stop it and run the replay again: it goes on where it is, and what arrives meanwhile waits in the log.`,
    });
  }
}

/** The address of this machine's process that has the view; undefined when none answers. */
async function holderOf(env: Environment, view: string): Promise<string | undefined> {
  if (env.PARAPET_METRICS_PORT === 0) return undefined;
  // Under `parapet up` the processes' ports stand in a row.
  for (let port = env.PARAPET_METRICS_PORT; port < env.PARAPET_METRICS_PORT + PORTS; port++) {
    const url = `http://127.0.0.1:${port}`;
    try {
      const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) });
      const { views = [] } = (await answer.json()) as { views?: string[] };
      if (answer.ok && views.includes(view)) return url;
    } catch {
      // Nobody listens there, or somebody else.
    }
  }
  return undefined;
}

const PORTS = 10;

async function replayThere(
  env: Environment,
  url: string,
  options: ReplayOptions,
  onProgress: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  const answer = await fetch(`${url}/admin/replay`, {
    method: 'POST',
    headers: { authorization: `Bearer ${readSecret(dataPaths(env).clickhousePassword) ?? ''}`, 'content-type': 'application/json' },
    body: JSON.stringify(options),
  });
  if (!answer.ok || answer.body === null) {
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: `The process with ${options.view} answered ${answer.status}.` });
  }
  let held = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (held + chunk).split('\n');
    held = lines.pop() ?? '';
    for (const text of lines) {
      const line = JSON.parse(text) as {
        progress?: ReplayProgress;
        result?: ReplayResult;
        error?: { code: 'PARAPET_INTERNAL'; message: string; hint: string };
      };
      if (line.progress) onProgress(line.progress);
      if (line.error) throw new ParapetError(line.error.code, line.error);
      if (line.result) return line.result;
    }
  }
  throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: 'The process ended before the replay did. The next run goes on where it stopped.',
  });
}
