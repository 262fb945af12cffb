/** How detection does on real traffic, and what it learns from analysts. */
import { type Command, Option } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import { openKeys } from '../stores.ts';
import { json, positive, WrongCommand, withLog } from './shared.ts';

export function detectionCommands(program: Command): void {
  program
    .command('drift')
    .description('whether what detection sees is still what it saw before')
    .option('--recent <hours>', 'of late: so many hours up to now', positive, 24)
    .option('--before <hours>', 'before: so many hours up to there', positive, 168)
    .addOption(json)
    .action(async ({ recent, before, json: asJson }: { recent: number; before: number; json?: boolean }) => {
      const { measureDrift, renderDrift } = await import('../drift.ts');
      const drift = await withLog((parts) => measureDrift(parts, { now: Date.now(), recentHours: recent, beforeHours: before }));
      if (asJson) console.log(JSON.stringify(drift));
      else for (const line of renderDrift(drift)) console.log(line);
    });

  program
    .command('train')
    .description("teach the model by analysts' verdicts, and set it beside the one that holds (docs/models.md)")
    .option('--promote', 'publish it to every gateway if it is better')
    .option('--sample <n>', 'newest interactions that both judge', positive, 1000)
    .addOption(json)
    .action(async ({ promote = false, sample, json: asJson }: { promote?: boolean; sample: number; json?: boolean }) => {
      const { train } = await import('../train.ts');
      const { renderTrained } = await import('../train-text.ts');
      const env = readEnvironment();
      const trained = await withLog(({ log, codec }) =>
        train({ env, log, codec, keys: openKeys(env), actor: 'cli', onStep: (says) => console.error(says) }, { promote, sample }),
      );
      if (asJson) console.log(JSON.stringify(trained));
      else for (const line of renderTrained(trained)) console.log(line);
    });

  const verdict = program
    .command('verdict')
    .description('say of a threat that it was a false or a true alarm, or of an interaction that an attack was missed (docs/verdicts.md)')
    .argument('[threat]', 'id of the threat; none with --interaction')
    .argument('[verdict]', 'false-positive, true-positive, missed or withdrawn')
    .option('--interaction <id>', 'the interaction in which an attack was missed')
    .option('--path <path>', 'where in it, e.g. messages[0].parts[0]')
    .addOption(new Option('--direction <direction>', 'on which way it was missed').choices(['request', 'response']))
    .option('--by <name>', 'who says it', 'cli')
    .option('--note <text>', 'why')
    .addOption(json)
    // `verdict list` has options of the same names.
    .enablePositionalOptions()
    .action(async (first: string | undefined, second: string | undefined, { interaction, json: asJson, ...flags }: VerdictFlags) => {
      const { giveVerdict, VERDICTS } = await import('../verdict.ts');
      const [id, said] = interaction === undefined ? [first, second] : [interaction, second === undefined ? first : undefined];
      const word = VERDICTS.find((each) => each === said);
      if (id === undefined || word === undefined) throw new WrongCommand(`say which threat, and one of ${VERDICTS.join(', ')}`);
      const on = interaction === undefined ? { threatId: id } : { interactionId: id };
      const event = await withLog((parts) => giveVerdict(parts, { verdict: word, on, ...flags }));
      const says = event
        ? `${event.verdict} ${event.ruleId === '' ? event.interactionId : `${event.ruleId} ${event.threatId}`}`
        : 'nothing to withdraw';
      console.log(asJson ? JSON.stringify(event ?? null) : says);
    });

  verdict
    .command('list')
    .description('the verdicts that hold, oldest first')
    .option('--rule <id>', 'only on threats of this rule')
    .addOption(json)
    .action(async ({ rule, json: asJson }: { rule?: string; json?: boolean }) => {
      const { listVerdicts, renderVerdicts } = await import('../verdict.ts');
      const verdicts = await withLog((parts) => listVerdicts(readEnvironment(), parts, { ruleId: rule }));
      for (const line of renderVerdicts(verdicts)) console.log(line);
      if (asJson) console.log(JSON.stringify({ verdicts }));
    });
}

interface VerdictFlags {
  interaction?: string;
  path?: string;
  direction?: 'request' | 'response';
  by: string;
  note?: string;
  json?: boolean;
}
