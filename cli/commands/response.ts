/** What is done about threats: incidents, quarantine, and from which risk on there is anything to do. */
import type { Command } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import { duration, json, positive, withLog } from './shared.ts';

export function responseCommands(program: Command): void {
  program
    .command('incidents')
    .description('threats of one type from one agent that belong together, as they stand')
    .option('--agent <id>', 'only of this agent')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .option('--all', 'also those that are over')
    .addOption(json)
    .action(async ({ agent, all, org: named, json: asJson }: { agent?: string; all?: boolean; org?: string; json?: boolean }) => {
      const { listIncidents, renderIncidents } = await import('../incidents.ts');
      const incidents = await withLog(({ org, ...parts }) => listIncidents({ ...parts, org: named ?? org, actor: 'cli' }, { agent, all }));
      for (const line of renderIncidents(incidents)) console.log(line);
      console.log(asJson ? JSON.stringify({ incidents }) : `${incidents.length} incidents`);
    });

  const quarantine = program.command('quarantine').description('agents that are kept from every vendor for a while (docs/incidents.md)');

  quarantine
    .command('list')
    .description('who is in quarantine, and until when')
    .option('--all', 'also those that are over')
    .addOption(json)
    .action(async ({ all, json: asJson }: { all?: boolean; json?: boolean }) => {
      const { listQuarantines, renderQuarantines } = await import('../quarantine.ts');
      const quarantines = await withLog((parts) => listQuarantines(parts, { all }));
      for (const line of renderQuarantines(quarantines)) console.log(line);
      console.log(asJson ? JSON.stringify({ quarantines }) : `${quarantines.length} in the list`);
    });

  quarantine
    .command('set')
    .description('keep an agent from every vendor from now on; its time counts from now, in the place of what was set before')
    .argument('<agent>')
    .requiredOption('--for <time>', 'for how long, e.g. 60m, 12h or 2d', duration)
    .requiredOption('--reason <text>', 'why; kept in the audit log')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .addOption(json)
    .action(async (agent: string, { for: forMs, reason, org: named, json: asJson }: QuarantineFlags) => {
      const { setQuarantine } = await import('../quarantine.ts');
      const set = await withLog(({ org, ...parts }) => setQuarantine({ ...parts, org: named ?? org, actor: 'cli' }, agent, forMs, reason));
      const until = new Date(set.until / 1_000).toISOString();
      console.log(asJson ? JSON.stringify({ agent, ...set }) : `${agent} is in quarantine until ${until}`);
    });

  quarantine
    .command('lift')
    .description('let an agent call again, whoever set its quarantine')
    .argument('<agent>')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .option('--reason <text>', 'why; kept in the audit log', '')
    .addOption(json)
    .action(async (agent: string, { org: named, reason, json: asJson }: { org?: string; reason: string; json?: boolean }) => {
      const { liftQuarantine } = await import('../quarantine.ts');
      const lifted = await withLog(({ org, ...parts }) => liftQuarantine({ ...parts, org: named ?? org, actor: 'cli' }, agent, reason));
      console.log(asJson ? JSON.stringify({ agent, lifted }) : `${agent} ${lifted ? 'may call again' : 'was in no quarantine'}`);
    });

  const thresholds = program
    .command('thresholds')
    .description('from which risk on one organisation’s traffic is blocked, and threats of it raised (docs/verdicts.md)');

  thresholds
    .command('list')
    .description('those that are set; the settings hold for everybody else')
    .addOption(json)
    .action(async ({ json: asJson }: { json?: boolean }) => {
      const { listThresholds, renderThresholds } = await import('../thresholds.ts');
      const listed = await withLog((parts) => listThresholds(parts));
      for (const line of renderThresholds(listed)) console.log(line);
      const { PARAPET_BLOCK_SCORE: block } = readEnvironment();
      console.log(asJson ? JSON.stringify({ thresholds: listed, block }) : `everybody else: block ${block}`);
    });

  thresholds
    .command('set')
    .description('for one organisation, from now on')
    .argument('<org>')
    .requiredOption('--block <risk>', 'from which a gateway in block mode blocks, 1 to 100', positive)
    .requiredOption('--alert <risk>', 'from which threats are raised, 1 to 100', positive)
    .option('--reason <text>', 'why; kept in the audit log', '')
    .addOption(json)
    .action(
      async (org: string, { block, alert, reason, json: asJson }: { block: number; alert: number; reason: string; json?: boolean }) => {
        const { setThresholds } = await import('../thresholds.ts');
        await withLog((parts) => setThresholds({ ...parts, actor: 'cli' }, org, { block, alert }, reason));
        console.log(asJson ? JSON.stringify({ org, block, alert }) : `${org}: block ${block}, alert ${alert}`);
      },
    );

  thresholds
    .command('clear')
    .description('let the settings hold for one organisation again')
    .argument('<org>')
    .option('--reason <text>', 'why; kept in the audit log', '')
    .addOption(json)
    .action(async (org: string, { reason, json: asJson }: { reason: string; json?: boolean }) => {
      const { clearThresholds } = await import('../thresholds.ts');
      const cleared = await withLog((parts) => clearThresholds({ ...parts, actor: 'cli' }, org, reason));
      console.log(asJson ? JSON.stringify({ org, cleared }) : `${org} ${cleared ? 'goes by the settings' : 'had none of its own'}`);
    });
}

interface QuarantineFlags {
  /** Milliseconds. */
  for: number;
  reason: string;
  org?: string;
  json?: boolean;
}
