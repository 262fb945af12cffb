/**
 * `parapet worker`: what runs workflows. With TEMPORAL_ADDRESS it takes them from Temporal and starts one for each incident; without, it
 * makes the reports of PARAPET_REPORT_SCHEDULES by its own clock.
 */
import { existsSync } from 'node:fs';
import { dataPaths, type Environment } from '../core/environment.ts';
import { ParapetError, toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { describeApiKeys } from '../gateway/api-keys.ts';
import type { KeyStore } from '../keys/port.ts';
import { followControls } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import type { Codec } from '../schemas/codec.ts';
import { createDesks } from '../workflows/activities/desks.ts';
import type { Chores } from '../workflows/activities/upkeep.ts';
import { createCron } from '../workflows/cron.ts';
import type { WorkerParts } from '../workflows/worker.ts';
import { openEvidence, rotateMaster, rotateOwnSigner } from './evidence.ts';
import { openCodec, openKeys, openLog } from './stores.ts';

export interface Runs {
  /** Resolves when it was stopped, rejects when it fell. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** Who wants the reports that come by themselves; no person, so that any approver may approve. */
export const SCHEDULE_AUTHOR = 'parapet/schedule';

/** Throws PARAPET_STORE_UNAVAILABLE when the Temporal server does not answer. */
export async function startWorkflows(
  env: Environment,
  logger: Logger,
  options: Pick<WorkerParts, 'bundle' | 'interceptors'> = {},
): Promise<Runs> {
  return env.TEMPORAL_ADDRESS === undefined ? startCron(env, logger) : startTemporal(env, logger, options);
}

async function startTemporal(env: Environment, logger: Logger, options: Pick<WorkerParts, 'bundle' | 'interceptors'>): Promise<Runs> {
  const [{ startWorker }, { openTemporal }, { followIncidents }] = await Promise.all([
    import('../workflows/worker.ts'),
    import('../workflows/client.ts'),
    import('../workflows/incidents.ts'),
  ]);
  const [log, codec, keys] = [await openLog(env), await openCodec(env), openKeys(env)];
  const desks = createDesks((org) => openEvidence(env, org, { log, codec, keys }));
  const closing: (() => Promise<void>)[] = [() => keys.close(), () => log.close(), () => desks.close()];
  const closeAll = async () => {
    for (const close of closing.reverse()) await close();
  };
  try {
    const worker = await startWorker({ env, keys, logger, desks, log, codec, chores: choresOf({ env, log, codec, keys }), ...options });
    closing.push(() => worker.stop());
    const temporal = await openTemporal(env, keys);
    closing.push(() => temporal.close());
    const incidents = await followIncidents({ env, log, codec, temporal, logger });
    closing.push(() => incidents.close());
    logger.info({ queue: env.PARAPET_TASK_QUEUE, own: worker.queue, namespace: env.TEMPORAL_NAMESPACE }, 'the worker runs');
    return { ended: worker.ended, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function startCron(env: Environment, logger: Logger): Promise<Runs> {
  if (env.PARAPET_REPORT_SCHEDULES.length === 0) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', {
      message: 'There is nothing to run: neither TEMPORAL_ADDRESS nor PARAPET_REPORT_SCHEDULES is set.',
      hint: 'E.g. PARAPET_REPORT_SCHEDULES=NIST-AI-RMF:month',
    });
  }
  const { report } = await import('./report.ts');
  const org = env.PARAPET_ORG;
  const cron = createCron({
    folder: dataPaths(env).evidence,
    schedules: env.PARAPET_REPORT_SCHEDULES,
    logger,
    now: () => new Date(),
    run: async ({ framework }, period) => {
      const desk = await openEvidence(env, org);
      const { PARAPET_REPORT_LANGUAGES: languages, PARAPET_REPORT_FORMATS: formats } = env;
      try {
        const { id } = await report(desk.parts, { framework, org, period, author: SCHEDULE_AUTHOR, languages, formats }, (step) =>
          logger.debug({ framework, period, step }, 'a step of a report'),
        );
        logger.info({ id }, 'a report is sealed');
      } finally {
        await desk.close();
      }
    },
  });
  cron.start();
  const ended = Promise.withResolvers<void>();
  logger.info({ schedules: env.PARAPET_REPORT_SCHEDULES.map(({ framework, kind }) => `${framework}:${kind}`) }, 'the schedules run');
  return {
    ended: ended.promise,
    async stop() {
      await cron.close();
      ended.resolve();
    },
  };
}

function choresOf({ env, log, codec, keys }: { env: Environment; log: EventLog; codec: Codec; keys: KeyStore }): Chores {
  return {
    erase: async ({ org, id, reason }) => {
      const [{ eraseSubject }, { openErasers }] = await Promise.all([import('./erase.ts'), import('./erasers.ts')]);
      const controls = await followControls(log, codec);
      const { erasers, close } = await openErasers(env);
      try {
        const parts = { log, codec, keys, controls, erasers, actor: 'worker', onStep: () => undefined };
        const { outcome, pseudonym } = await eraseSubject(parts, { org, id, reason, dryRun: false });
        return { outcome, pseudonym };
      } finally {
        await close();
        await controls.close();
      }
    },
    train: async (sample) => {
      const { train } = await import('./train.ts');
      try {
        const { taught } = await train({ env, log, codec, keys, actor: 'worker', onStep: () => undefined }, { promote: true, sample });
        return { promoted: true, says: `taught by ${taught} verdicts` };
      } catch (error) {
        // That it is no better is an answer too.
        const { code, message } = toParapetError(error);
        if (code !== 'PARAPET_CANDIDATE_NOT_BETTER' && code !== 'PARAPET_TRAIN_TOO_FEW') throw error;
        return { promoted: false, says: message };
      }
    },
    rotateSigner: (parts, org, olderThanDays) => rotateOwnSigner(parts, env, org, olderThanDays),
    rotateMaster: async (parts, org, olderThanDays) =>
      // One from outside is exchanged by hand, when every process has both.
      env.PARAPET_MASTER_KEY === undefined ? (await rotateMaster(parts, org, olderThanDays))?.id : undefined,
    apiKeys: (org) => {
      const path = env.PARAPET_API_KEYS_FILE ?? dataPaths(env).apiKeys;
      if (!existsSync(path)) return [];
      return describeApiKeys(path)
        .filter((key) => key.org === org)
        .map(({ keyId, createdAt }) => ({ id: keyId, createdAt }));
    },
  };
}
