/** Where a replay runs: in the process that holds the store and its sink when one answers, else in this one. */
import { join } from 'node:path';
import { dataPaths, type Environment, readSecret } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { auditRecord } from '../log/audit.ts';
import { followControls } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { createMask, type Mask } from '../sinks/erasure.ts';
import { openRebuilder, type SharedStores } from './rebuilds/index.ts';
import { type ReplayOptions, type ReplayProgress, type ReplayResult, replayView } from './replay.ts';
import { openCodec, openKeys, openLake, openLog } from './stores.ts';
import { type SinkName, sinksFilling, viewNamed } from './views.ts';

export interface ReplayHere {
  env: Environment;
  log: EventLog;
  codec: Codec;
  shared: SharedStores;
  mask: Mask;
  /** Who did it, for the audit log. */
  actor: string;
  pause(): Promise<void>;
  onProgress(progress: ReplayProgress): void;
}

/** Replays with what this process holds, and leaves an audit event. Throws what `replayView` throws. */
export async function replayAndSay({ env, log, codec, shared, mask, actor, pause, onProgress }: ReplayHere, options: ReplayOptions) {
  const { view } = options;
  const { rebuild, close } = await openRebuilder(view, env, shared);
  const progressFile = join(dataPaths(env).replays, `${view}.json`);
  let result: ReplayResult;
  try {
    result = await replayView({ log, codec, lake: openLake(env), mask, progressFile, rebuild, pause, onProgress }, options);
  } finally {
    await close();
  }
  const details = { source: result.source, rows: String(result.rows), differences: String(result.differences) };
  await log.append([auditRecord(codec, { org: env.PARAPET_ORG, actor, action: 'view.replayed', target: view, details })]);
  return result;
}

/** `parapet replay`. Throws what `replayView` throws, and PARAPET_REPLAY_IMPOSSIBLE while a sink elsewhere writes into the view. */
export async function replay(
  env: Environment,
  asked: ReplayOptions,
  onProgress: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  const options = { ...asked, view: viewNamed(asked.view) };
  const running = await holderOf(env, options.view);
  if (running !== undefined) return replayThere(env, running, options, onProgress);
  const log = await openLog(env);
  const pause = async () => {
    for (const sink of sinksFilling(options.view)) await assertNoSink(log, sink);
  };
  const keys = openKeys(env);
  try {
    const codec = await openCodec(env);
    const controls = await followControls(log, codec);
    try {
      const mask = createMask(controls, keys);
      return await replayAndSay({ env, log, codec, shared: {}, mask, actor: 'cli', pause, onProgress }, options);
    } finally {
      await controls.close();
    }
  } finally {
    await keys.close();
    await log.close();
  }
}

/** A log refuses to move a group that has members: so this says whether it has, and moves nothing. */
async function assertNoSink(log: EventLog, sink: SinkName): Promise<void> {
  const [commit] = (await log.commits(sink)).filter(({ topic }) => Object.values(TOPICS).some(({ name }) => name === topic));
  if (commit === undefined) return;
  try {
    await log.seek(sink, commit, commit.metadata);
  } catch (error) {
    if (!(error instanceof ParapetError && error.code === 'PARAPET_LOG_FENCED')) throw error;
    throw new ParapetError('PARAPET_REPLAY_IMPOSSIBLE', {
      message: `The sink ${sink} is running in another process. Stop it and run the replay again: it goes on where it is, and what arrives meanwhile waits in the log.`,
    });
  }
}

/** The address of this machine's process that has all sinks of the view; undefined when none answers. */
export async function holderOf(env: Environment, view: string): Promise<string | undefined> {
  if (env.PARAPET_METRICS_PORT === 0) return undefined;
  // Under `parapet up` the processes' ports stand in a row.
  for (let port = env.PARAPET_METRICS_PORT; port < env.PARAPET_METRICS_PORT + PORTS; port++) {
    const url = `http://127.0.0.1:${port}`;
    try {
      const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) });
      const { views = [] } = (await answer.json()) as { views?: string[] };
      if (answer.ok && sinksFilling(view).every((sink) => views.includes(sink))) return url;
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
