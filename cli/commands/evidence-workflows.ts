/** Workflows: the worker that runs them, schedules of reports, what is started or said by hand. */
import { type Command, Option } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import { json, time, untilSignal } from './shared.ts';

const KINDS = ['day', 'month', 'quarter', 'year'] as const;
type Kind = (typeof KINDS)[number];

export function workflowCommands(program: Command): void {
  program
    .command('worker')
    .description('run workflows: of Temporal with TEMPORAL_ADDRESS, else the reports of PARAPET_REPORT_SCHEDULES by the clock')
    .action(async () => {
      const { createLogger } = await import('../../core/logger.ts');
      const { startWorkflows } = await import('../worker.ts');
      const worker = await startWorkflows(readEnvironment(), createLogger('worker'));
      try {
        await Promise.race([untilSignal(), worker.ended]);
      } finally {
        await worker.stop();
      }
    });

  const schedule = program.command('schedule').description('reports that come by themselves');

  schedule
    .command('list')
    .description('when each was due last and is due next')
    .addOption(json)
    .action(async ({ json: asJson }: { json?: boolean }) => {
      const { shownSchedules } = await import('../schedule.ts');
      const schedules = await shownSchedules(readEnvironment());
      for (const { id, paused, next, last } of schedules) {
        console.log(`${id}  ${paused ? 'paused' : `next ${next ?? '–'}`}  last ${last ?? '–'}`);
      }
      console.log(asJson ? JSON.stringify({ schedules }) : `${schedules.length} schedules`);
    });

  schedule
    .command('set')
    .description('set one, or all of PARAPET_REPORT_SCHEDULES when none is named (Temporal)')
    .argument('[framework]')
    .addOption(new Option('--every <kind>', 'of which period').choices(KINDS).default('month'))
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .action(async (framework: string | undefined, { every, org }: { every: Kind; org?: string }) => {
      const env = readEnvironment();
      const { setSchedules } = await import('../schedule.ts');
      const named = framework === undefined ? undefined : { framework, kind: every };
      for (const id of await setSchedules(env, org ?? env.PARAPET_ORG, named)) console.log(`${id} is set`);
    });

  schedule
    .command('pause')
    .description('start nothing until it is resumed')
    .argument('<schedule>', 'as `schedule list` prints it, e.g. evidence/NIST-AI-RMF/acme/month')
    .option('--reason <text>', 'why', '')
    .action(async (id: string, { reason }: { reason: string }) => {
      const [{ withTemporal }, { pauseSchedule }] = await load();
      await withTemporal(readEnvironment(), (temporal) => pauseSchedule(temporal, id, reason));
      console.log(`${id} is paused`);
    });

  schedule
    .command('resume')
    .description('go on; periods that passed meanwhile are asked for with backfill')
    .argument('<schedule>')
    .action(async (id: string) => {
      const [{ withTemporal }, { resumeSchedule }] = await load();
      await withTemporal(readEnvironment(), (temporal) => resumeSchedule(temporal, id));
      console.log(`${id} goes on`);
    });

  schedule
    .command('backfill')
    .description('make what would have been due in a time; periods that are made already are left as they are')
    .argument('<schedule>')
    .requiredOption('--from <time>', 'ISO 8601', time)
    .requiredOption('--to <time>', 'ISO 8601; itself not in it', time)
    .action(async (id: string, { from, to }: { from: number; to: number }) => {
      const [{ withTemporal }, { backfillSchedule }] = await load();
      await withTemporal(readEnvironment(), (temporal) => backfillSchedule(temporal, id, new Date(from), new Date(to)));
      console.log(`${id}: asked for what was due from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`);
    });

  schedule
    .command('remove')
    .description('reports of it come no more; those that were made stay')
    .argument('<schedule>')
    .action(async (id: string) => {
      const [{ withTemporal }, { removeSchedule }] = await load();
      await withTemporal(readEnvironment(), (temporal) => removeSchedule(temporal, id));
      console.log(`${id} is removed`);
    });

  const workflow = program.command('workflow').description('start or attend to a workflow by hand (Temporal)');

  workflow
    .command('start')
    .description('verify: every published package and the chains; keys: which are due; retrain: the model, from verdicts')
    .addOption(new Option('--org <org>', 'of which organisation (default: PARAPET_ORG)'))
    .argument('<name>', 'verify, keys or retrain')
    .addOption(json)
    .action(async (name: string, { org, json: asJson }: { org?: string; json?: boolean }) => {
      const env = readEnvironment();
      const { CHORES, runChore } = await import('../schedule.ts');
      const { known } = await import('./shared.ts');
      const [chore] = known([name], CHORES) as [(typeof CHORES)[number]];
      const result = await runChore(env, chore, org ?? env.PARAPET_ORG);
      console.log(asJson ? JSON.stringify(result) : JSON.stringify(result, null, 2));
    });

  workflow
    .command('erase')
    .description('erase one subject; begun again by itself until every store has answered')
    .requiredOption('--subject <id>', 'whom, as the application named it')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .option('--reason <text>', 'why; kept in the audit log', '')
    .action(async ({ subject, org, reason }: { subject: string; org?: string; reason: string }) => {
      const env = readEnvironment();
      const { eraseByWorkflow } = await import('../schedule.ts');
      const { outcome, pseudonym } = await eraseByWorkflow(env, { org: org ?? env.PARAPET_ORG, id: subject, reason });
      console.log(outcome === 'nothing' ? 'nothing to erase' : `${outcome}: the subject is ${pseudonym} in views from now on`);
    });

  for (const [name, says] of [
    ['triage', 'say that you look at an incident, so that nobody else is called'],
    ['close', 'say how an incident ended'],
  ] as const) {
    workflow
      .command(name)
      .description(says)
      .argument('<incident>', 'its id, as `parapet incidents` prints it')
      .requiredOption('--by <name>', 'who')
      .option('--comment <text>', 'what was found; kept in the audit log', '')
      .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
      .action(async (id: string, { by, comment, org }: { by: string; comment: string; org?: string }) => {
        const env = readEnvironment();
        const { attendIncident } = await import('../schedule.ts');
        const { severity, triagedBy, closedBy } = await attendIncident(env, org ?? env.PARAPET_ORG, id, name, { by, comment });
        console.log(`${id}  ${severity}  ${closedBy === null ? `${triagedBy} looks at it` : `closed by ${closedBy}`}`);
      });
  }
}

const load = () => Promise.all([import('../schedule.ts'), import('../../workflows/schedules.ts')]);
