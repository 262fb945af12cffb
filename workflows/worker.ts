/**
 * The worker: one for what any machine can do, one for the reports whose folders are on this machine's disk. Workflow code is bundled
 * when it starts, so that each run is replayed by what this version has. Asked to end, it takes nothing new and finishes what it has;
 * what does not end in time is begun again elsewhere or later, by activities that may be run twice.
 */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { dataPaths, type Environment } from '../core/environment.ts';
import { toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { KeyStore } from '../keys/port.ts';
import { type ActivityParts, createActivities, placeIdOf } from './activities/index.ts';
import { connectionOptions, dataConverter, FAILURE_CONVERTER, unavailable } from './client.ts';
import { SEARCH_ATTRIBUTES } from './contract.ts';

const DEFINITIONS = fileURLToPath(new URL('definitions/index.ts', import.meta.url));

export interface WorkerParts extends ActivityParts {
  env: Environment;
  keys: KeyStore;
  logger: Logger;
  /** Made at the start without. */
  bundle?: string | undefined;
  interceptors?: WorkerOptions['interceptors'];
}

export interface RunningWorker {
  /** The queue of this machine. */
  queue: string;
  /** Resolves when it has ended, rejects when it fell. */
  ended: Promise<void>;
  /** Takes nothing new, finishes what it has. */
  stop(): Promise<void>;
}

/** The workflow code as one text. */
export async function bundleWorkflows(logger?: Logger): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: DEFINITIONS,
    failureConverterPath: FAILURE_CONVERTER,
    logger: temporalLogger(logger),
    // Named for what is imported as a type only, or is never reached in a workflow.
    ignoreModules: ['node:fs', 'node:path', 'node:crypto'],
  });
  return code;
}

/** Throws PARAPET_STORE_UNAVAILABLE when the server does not answer. */
export async function startWorker({ env, keys, logger, bundle, interceptors, ...parts }: WorkerParts): Promise<RunningWorker> {
  installLogger(logger);
  const code = bundle ?? (await bundleWorkflows(logger));
  let connection: NativeConnection;
  try {
    connection = await NativeConnection.connect(connectionOptions(env));
    // A namespace that is not there would only be noticed by the first poll.
    await connection.workflowService.describeNamespace({ namespace: env.TEMPORAL_NAMESPACE });
  } catch (cause) {
    throw unavailable(env.TEMPORAL_ADDRESS, cause);
  }
  const searchable = await ensureSearchAttributes(connection, env.TEMPORAL_NAMESPACE, logger);
  const queue = `${env.PARAPET_TASK_QUEUE}.${await placeIdOf(dataPaths(env).evidence)}`;
  const { here, anywhere } = createActivities(parts, { queue, searchable });
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace: env.TEMPORAL_NAMESPACE,
    dataConverter: dataConverter(keys),
    shutdownGraceTime: env.PARAPET_SHUTDOWN_MS,
    ...(interceptors === undefined ? {} : { interceptors }),
  };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: env.PARAPET_TASK_QUEUE, workflowBundle: { code }, activities: anywhere }),
    Worker.create({ ...common, taskQueue: queue, activities: here }),
  ]);
  const ended = Promise.all(workers.map((worker) => worker.run()))
    .then(
      () => undefined,
      (cause: unknown) => {
        throw unavailable(env.TEMPORAL_ADDRESS, cause);
      },
    )
    .finally(() => connection.close());
  return {
    queue,
    ended,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      // Why it fell is told by `ended`.
      await ended.catch(() => undefined);
    },
  };
}

const KEYWORD = 2;
const ALREADY_THERE = 6;

/** Whether reports can be searched for. A namespace may not let a worker add attributes: then somebody else has to, or does without. */
async function ensureSearchAttributes(connection: NativeConnection, namespace: string, logger: Logger): Promise<boolean> {
  const has = async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return SEARCH_ATTRIBUTES.every((name) => customAttributes?.[name] === KEYWORD);
  };
  try {
    if (await has()) return true;
    const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    if ((error as { code?: number }).code !== ALREADY_THERE) {
      logger.warn({ code: toParapetError(error).code, attributes: SEARCH_ATTRIBUTES }, 'reports cannot be searched for in this namespace');
      return false;
    }
  }
  return has();
}

let installed = false;

/** Temporal's own words go where ours go. Once in a process. */
function installLogger(logger: Logger): void {
  if (installed) return;
  installed = true;
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: [] });
}

function temporalLogger(logger: Logger | undefined): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    // So it is meant: the machine's own queue has activities only.
    if (message.startsWith('No workflows registered')) return;
    const { sdkComponent: temporal, activityType: activity, workflowType: workflow, error } = meta ?? {};
    const facts = { temporal, activity, workflow, ...(error instanceof Error ? { reason: error.message } : {}) };
    if (level === 'ERROR') logger?.error(facts, message);
    else logger?.warn(facts, message);
  });
}
