/** The books that must agree, and views made anew from what keeps them. */
import { type Command, Option } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import { reconciliationLine, renderReconciliation } from '../reconcile.ts';
import type { ReplayOptions } from '../replay.ts';
import { REPLAYABLE, sinksOf } from '../views.ts';
import { json, positive, progress, time } from './shared.ts';

export function bookCommands(program: Command): void {
  program
    .command('reconcile')
    .description('accepted by gateways = events in the log = rows in the view = rows in the lake = further stores; exit code 1 if not')
    .option('--wait <seconds>', 'how long to wait for the pipeline to catch up (default: the lake’s linger and 15 more)', positive)
    .addOption(json)
    .action(async ({ wait, json: asJson }: { wait?: number; json?: boolean }) => {
      const env = readEnvironment();
      const { reconcileAll } = await import('../books.ts');
      const result = await reconcileAll(env, {
        waitMs: wait === undefined ? env.PARAPET_LAKE_LINGER_MS + 15_000 : wait * 1_000,
        onWait: ({ accepted, events, clickhouse, lake }) =>
          progress(`waiting: accepted ${accepted}, events ${events}, rows ${clickhouse}, lake ${lake}`),
      });
      console.log(renderReconciliation(result));
      console.log(asJson ? JSON.stringify(result) : reconciliationLine(result));
      process.exitCode = result.balanced ? 0 : 1;
    });

  program
    .command('replay')
    .description('rebuild a view beside the one in use, from the log or the lake, compare, swap; traffic goes on meanwhile')
    .addOption(new Option('--view <name>', 'the view').choices([...REPLAYABLE, ...sinksOf('postgres')]).makeOptionMandatory())
    .addOption(new Option('--source <source>', 'where the records come from').choices(['log', 'lake']).default('log'))
    .option('--from <time>', 'only records of events at or after this time (ISO 8601); other rows stay as they are', time)
    .option('--to <time>', 'only records of events before this time', time)
    .option('--rate <n>', 'records a second at most', positive)
    .option('--restart', 'begin anew although an earlier run was interrupted')
    .option('--shorter', 'swap although the source has forgotten rows that the view still holds; they are gone then')
    .addOption(json)
    .action(async ({ json: asJson, ...options }: ReplayOptions & { json?: boolean }) => {
      const { replay } = await import('../replays.ts');
      const result = await replay(readEnvironment(), options, ({ done, total }) => progress(`replayed ${done} of ${total}`));
      const { view, source, rows, records, resumed, seconds, eventsPerSecond, missing, extra, skipped, expired } = result;
      console.log(
        asJson
          ? JSON.stringify(result)
          : [
              `${view}: ${rows} rows from ${records} records of the ${source} in ${seconds.toFixed(1)} s (${Math.round(eventsPerSecond)}/s)`,
              ...(resumed > 0 ? [`${resumed} of them were there from an earlier run that was interrupted`] : []),
              ...(skipped > 0 ? [`${skipped} records do not fit; they are dead letters`] : []),
              ...(expired > 0 ? [`${expired} records are older than what the store keeps`] : []),
              `the old view lacked ${missing} rows and had ${extra} too many or otherwise`,
            ].join('\n'),
      );
    });
}
