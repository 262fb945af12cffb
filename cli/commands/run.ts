/** What runs until it is told to stop: everything at once, or its parts one by one. */
import type { Command } from 'commander';
import { dataPaths, type Environment, readEnvironment } from '../../core/environment.ts';
import { createLogger } from '../../core/logger.ts';
import { createApiKeysFile } from '../../gateway/api-keys.ts';
import { clickHousePassword } from '../stores.ts';
import { configuredSinks, PROCESSOR_NAMES, type ProcessorName, SINK_NAMES, type SinkName, sinksOf } from '../views.ts';
import { known, positive, untilSignal } from './shared.ts';

export function runCommands(program: Command): void {
  program
    .command('up')
    .description('run all of Parapet on this machine; the first start makes keys and prints them once')
    .option('--workers <n>', 'gateway processes that share the port', positive, 1)
    .option('--sandbox-port <n>', 'port of the sandbox vendor (PARAPET_SANDBOX=true)', positive, 8090)
    .action(async ({ workers, sandboxPort }: { workers: number; sandboxPort: number }) => {
      const env = readEnvironment();
      const { supervise } = await import('../supervisor.ts');
      const logger = createLogger('up');
      printFirstStart(env);
      const supervisor = supervise(env, logger, { workers, sandboxPort });
      await untilSignal();
      await supervisor.stop();
    });

  program
    .command('gateway')
    .description('run one gateway')
    .action(async () => {
      const env = readEnvironment();
      const { startGateway } = await import('../../gateway/index.ts');
      const gateway = await startGateway(env, createLogger('gateway'));
      if (gateway.newKey) printKey(gateway.newKey.key);
      await untilSignal();
      await gateway.stop();
    });

  program
    .command('stream')
    .description('run the processors and the ClickHouse sinks in one process')
    .action(() => runStream('stream', [...PROCESSOR_NAMES], sinksOf('clickhouse')));

  program
    .command('process')
    .description('run processors')
    .argument('[names...]', `of ${PROCESSOR_NAMES.join(', ')}`, [...PROCESSOR_NAMES])
    .action((names: string[]) => runStream('process', known(names, PROCESSOR_NAMES), []));

  program
    .command('sink')
    .description('run sinks; all that are configured when none are named')
    .argument('[names...]', `of ${SINK_NAMES.join(', ')}`)
    .action((names: string[]) => runStream('sink', [], names.length === 0 ? configuredSinks(readEnvironment()) : known(names, SINK_NAMES)));
}

async function runStream(part: string, processors: ProcessorName[], sinks: SinkName[]): Promise<void> {
  const { startStream } = await import('../stream.ts');
  const stream = await startStream(readEnvironment(), createLogger(part), { processors, sinks });
  await untilSignal();
  await stream.stop();
}

function printFirstStart(env: Environment): void {
  const clickhouse = clickHousePassword(env);
  if (env.PARAPET_API_KEYS_FILE === undefined) {
    const made = createApiKeysFile(dataPaths(env).apiKeys, env.PARAPET_ORG);
    if (made) printKey(made.key);
  }
  if (clickhouse.made && env.CLICKHOUSE_URL === undefined) {
    console.log(
      `ClickHouse (reading only): http://127.0.0.1:${env.PARAPET_CLICKHOUSE_PORT}  user parapet  password ${clickhouse.password}`,
    );
  }
  console.log(`Gateway: http://${env.PARAPET_HOST}:${env.PARAPET_PORT}   data: ${env.PARAPET_DATA}`);
}

function printKey(key: string): void {
  console.log(`API key (shown once, only its hash is kept): ${key}`);
}
