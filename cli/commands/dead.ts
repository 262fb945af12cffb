/** What a processor or a sink set aside. */
import { type Command, Option } from 'commander';
import type { LetterFilter } from '../dead.ts';
import { PROCESSOR_NAMES, SINK_NAMES } from '../views.ts';
import { json, known, time, withLog } from './shared.ts';

/** Who may have dead letters. */
const CONSUMERS: string[] = [...PROCESSOR_NAMES, ...SINK_NAMES];

export function deadCommands(program: Command): void {
  const dead = program.command('dead').description('work with dead letters: records that a processor or a sink set aside');

  letterFilter(dead.command('list'))
    .description('list them, oldest first')
    .argument('[group]', 'of one processor or sink only')
    .addOption(new Option('--state <state>', 'what was decided').choices(['open', 'replayed', 'dropped', 'all']).default('open'))
    .addOption(json)
    .action(async (group: string | undefined, { json: asJson, ...filter }: LetterFilter & { json?: boolean }) => {
      const { listLetters } = await import('../dead.ts');
      const letters = await withLog(({ log }) => listLetters(log, group === undefined ? CONSUMERS : known([group], CONSUMERS), filter));
      for (const { id, failure, failedAt, state, source } of letters) {
        console.log(
          `${failure.group} ${id}  ${failedAt}  ${state}  ${failure.code}  ${source.topic}/${source.partition}/${source.offset}  ${failure.reason.slice(0, 120)}`,
        );
      }
      if (asJson) console.log(JSON.stringify({ letters: letters.map(({ record: _, ...letter }) => letter) }));
      else console.log(`${letters.length} dead letters`);
    });

  dead
    .command('show')
    .description('print one in full, decoded where it can be; what is sealed stays sealed')
    .argument('<group>')
    .argument('<id>', 'as `dead list` prints it, e.g. 0/17')
    .action(async (group: string, id: string) => {
      const [consumer] = known([group], CONSUMERS) as [string];
      const { showLetter } = await import('../dead.ts');
      const shown = await withLog(({ log, codec }) => showLetter(log, codec, consumer, id));
      console.log(JSON.stringify(shown, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2));
    });

  letterFilter(dead.command('replay'))
    .description('give letters back to their consumer, in the order of their source')
    .argument('<group>')
    .argument('[ids...]', 'all open ones that pass the filters when none are named')
    .option('--out-of-order', 'also those whose key went on without them')
    .option('--dry-run', 'only say what would be replayed')
    .addOption(json)
    .action(async (group: string, ids: string[], { json: asJson, outOfOrder, dryRun, ...filter }: LetterFilter & ReplayFlags) => {
      const [consumer] = known([group], CONSUMERS) as [string];
      const { replayLetters } = await import('../dead.ts');
      const result = await withLog((parts) => replayLetters(parts, consumer, { ...filter, ids }, { outOfOrder, dryRun }));
      for (const { letter, by } of result.overtaken) console.log(`${consumer} ${letter.id}: comes after ${by} later records of its key`);
      const figures = { replayed: dryRun ? 0 : result.letters.length, found: result.letters.length, overtaken: result.overtaken.length };
      console.log(asJson ? JSON.stringify(figures) : `${figures.replayed} of ${figures.found} replayed, ${figures.overtaken} out of order`);
    });

  letterFilter(dead.command('drop'))
    .description('decide that letters stay set aside; their bytes remain in the log')
    .argument('<group>')
    .argument('[ids...]', 'all open ones that pass the filters when none are named')
    .requiredOption('--reason <text>', 'why; kept in the audit log')
    .action(async (group: string, ids: string[], { reason, ...filter }: LetterFilter & { reason: string }) => {
      const [consumer] = known([group], CONSUMERS) as [string];
      const { dropLetters } = await import('../dead.ts');
      const { letters } = await withLog((parts) => dropLetters(parts, consumer, { ...filter, ids }, reason));
      console.log(`${letters.length} dropped`);
    });
}

function letterFilter(command: Command): Command {
  return command
    .option('--code <code>', 'only this error code')
    .option('--since <time>', 'failed at or after this time (ISO 8601)', time)
    .option('--until <time>', 'failed before this time', time);
}

interface ReplayFlags {
  json?: boolean;
  outOfOrder?: boolean;
  dryRun?: boolean;
}
