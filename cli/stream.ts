/**
 * The stream process: processors and sinks over the log, each with its own consumer group and pace; with the embedded
 * ClickHouse also its read-only HTTP front, because the engine lives in the process that writes to it.
 */
import { dataPaths, type Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import type { Masker } from '../detection/index.ts';
import { auditRecord } from '../log/audit.ts';
import { followControls } from '../log/controls.ts';
import { createErasures } from '../log/erasures.ts';
import type { Subscription } from '../log/port.ts';
import { createOrgThresholds } from '../log/thresholds.ts';
import { runProcessor } from '../processors/runner.ts';
import { createMask } from '../sinks/erasure.ts';
import { runSink } from '../sinks/runner.ts';
import { openTelemetry, parseTelemetry } from '../telemetry/index.ts';
import { type AdminServer, startAdmin } from './admin.ts';
import { watchDrift } from './drift.ts';
import type { ReplayOptions, ReplayProgress, ReplayResult } from './replay.ts';
import { replayAndSay } from './replays.ts';
import { KEEPERS, keepRetention } from './retention.ts';
import { CLICKHOUSE_READER, clickHousePassword, openAnalytics, openCodec, openKeys, openLog } from './stores.ts';
import { openSinks, type ProcessorName, type SinkName, sinksFilling, storeOf } from './views.ts';

export interface StreamOptions {
  processors: readonly ProcessorName[];
  sinks: readonly SinkName[];
}

export interface Stream {
  admin: AdminServer;
  frontUrl: string | undefined;
  stop(): Promise<void>;
}

export async function startStream(env: Environment, logger: Logger, { processors, sinks }: StreamOptions): Promise<Stream> {
  const metrics = createMetrics();
  const system = env.KAFKA_BROKERS === undefined ? 'parapet' : 'kafka';
  const telemetry = openTelemetry(parseTelemetry(env), { metrics, logger, service: 'parapet-stream', system });
  const log = await openLog(env);
  const codec = await openCodec(env);
  const keys = openKeys(env);
  const subscriptions = new Map<string, Subscription>();
  let closeDetector: (() => Promise<void>) | undefined;
  const controls = await followControls(log, codec, logger);
  const mask = createMask(controls, keys);
  // A process that cannot tell whom to mask must not write; better now than with the first record.
  mask.current();
  const parts = { log, codec, logger, metrics, traces: telemetry?.batches, mask };
  const audit = (action: string, details: Record<string, string>) =>
    log.append([auditRecord(codec, { org: env.PARAPET_ORG, actor: 'stream', action, target: 'stream', details })]);

  // Loaded and made inside: the rules take a while, and a process of sinks alone has no use for them.
  const made: Record<ProcessorName, () => Promise<Subscription>> = {
    async enrich() {
      const masker = await maskerOf(env);
      const { createEnrich } = await import('../processors/enrich/index.ts');
      const { loadPrices } = await import('../processors/enrich/prices.ts');
      return runProcessor(parts, createEnrich({ keys, masker, prices: loadPrices() }));
    },
    async detect() {
      const masker = await maskerOf(env);
      const { openDetector } = await import('../models/index.ts');
      const { openLiveRules } = await import('../models/live.ts');
      const { createDetect } = await import('../processors/detect/index.ts');
      const opened = await openDetector(env);
      closeDetector = opened.close;
      const live = openLiveRules(env, opened);
      live?.follow(controls, { logger, metrics, audit });
      const thresholds = createOrgThresholds(logger);
      thresholds.follow(controls);
      return runProcessor(parts, createDetect({ keys, detector: live?.detector ?? opened.detector, masker, thresholds }));
    },
    async behave() {
      const { createBehave } = await import('../processors/behave/index.ts');
      return runProcessor(parts, createBehave({ keys, erasures: createErasures(controls), canaries: env.PARAPET_CANARIES }));
    },
    async respond() {
      const { createRespond } = await import('../processors/respond/index.ts');
      const { PARAPET_QUARANTINE: wanted, PARAPET_QUARANTINE_BELOW: below, PARAPET_QUARANTINE_MINUTES: minutes } = env;
      return runProcessor(parts, createRespond({ controls, quarantine: wanted === 'on' ? { below, minutes } : undefined }));
    },
  };

  const clickhouse = sinks.some((name) => storeOf(name) === 'clickhouse') ? await openAnalytics(env) : undefined;
  const stores = await openSinks(sinks, env, {
    clickhouse,
    metrics,
    logger,
    onGone(name, { code, message }) {
      logger.error({ sink: name, code, err: message }, 'the destination wants nothing more; the sink ends, its events stay in the log');
      void subscriptions.get(name)?.close();
    },
  });
  const front =
    clickhouse && env.CLICKHOUSE_URL === undefined
      ? await (await import('../sinks/clickhouse/front/index.ts')).createClickHouseFront({
          path: dataPaths(env).clickhouse,
          host: '127.0.0.1',
          port: env.PARAPET_CLICKHOUSE_PORT,
          user: CLICKHOUSE_READER,
          password: clickHousePassword(env).password,
        })
      : undefined;

  const startSink = (name: SinkName) => runSink(parts, stores.create(name));
  for (const name of processors) subscriptions.set(name, await made[name]());
  // Together: a store that does not answer yet must not hold up the others.
  await Promise.all(sinks.map(async (name) => subscriptions.set(name, await startSink(name))));

  /** The sink stands still only for the last stretch; what arrives meanwhile waits in the log. */
  async function replay(options: ReplayOptions, onProgress: (progress: ReplayProgress) => void): Promise<ReplayResult> {
    const names = sinksFilling(options.view);
    if (names.length === 0 || !names.every((name) => sinks.includes(name))) {
      throw new ParapetError('PARAPET_VIEW_UNKNOWN', { message: `This process has no view ${options.view}.` });
    }
    const pause = async () => {
      await Promise.all(names.map((name) => subscriptions.get(name)?.close()));
    };
    try {
      return await replayAndSay({ env, log, codec, shared: { clickhouse }, mask, actor: 'stream', pause, onProgress }, options);
    } finally {
      // Their old selves were closed, or not; a second close is nothing.
      await pause();
      await Promise.all(names.map(async (name) => subscriptions.set(name, await startSink(name))));
    }
  }

  // Each process keeps the stores that it writes to, which an embedded engine leaves no choice about; processors keep the log.
  const kept = KEEPERS.filter((name) => (name === 'log' ? processors.length > 0 : sinks.some((sink) => storeOf(sink) === name)));
  const retention = keepRetention({ env, log, codec, clickhouse, stores: kept, actor: 'stream' }, logger);

  const drift = processors.includes('detect') ? watchDrift({ log, codec, logger, metrics, audit }) : undefined;

  const admin = await startAdmin({
    host: env.PARAPET_METRICS_HOST,
    port: env.PARAPET_METRICS_PORT,
    token: clickHousePassword(env).password,
    metrics,
    views: sinks,
    replay,
    eraser: clickhouse && (await import('../sinks/clickhouse/index.ts')).createClickHouseEraser(clickhouse),
  });
  logger.info({ processors, sinks, front: front?.url, metrics: admin.url }, 'stream ready');

  return {
    admin,
    frontUrl: front?.url,
    async stop() {
      await admin.close();
      await retention.close();
      await drift?.close();
      await Promise.all([...subscriptions.values()].map((each) => each.close()));
      await closeDetector?.();
      await front?.close();
      await stores.close();
      await clickhouse?.close();
      await controls.close();
      await log.close();
      await keys.close();
      await telemetry?.stop();
      logger.info('stream stopped');
    },
  };
}

/** What views hide of a text. */
async function maskerOf({ PARAPET_MASK_NAMES: names }: Environment): Promise<Masker> {
  const { createFinder, createMasker, isIdentifying, isSelfEvident } = await import('../detection/index.ts');
  return createMasker(createFinder(names ? isIdentifying : isSelfEvident));
}
