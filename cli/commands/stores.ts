/** What stores look like and how long they keep what they hold. */
import type { Command } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import { askRegistry } from '../../schemas/registry/index.ts';
import { renderApplied, renderMigrated, renderReport } from '../retention-text.ts';
import { registerSchemas } from '../schemas.ts';
import { json, withLog } from './shared.ts';

export function storeCommands(program: Command): void {
  program
    .command('schemas')
    .description('work with the schema registry')
    .command('register')
    .description('register the schemas of this version; run it before a new version starts, exit code 1 when one is incompatible')
    .addOption(json)
    .action(async ({ json: asJson }: { json?: boolean }) => {
      const schemas = await registerSchemas(await askRegistry(readEnvironment()));
      for (const { subject, record, id } of schemas) console.log(`${String(id).padStart(6)}  ${subject}  ${record}`);
      if (asJson) console.log(JSON.stringify({ schemas }));
    });

  const retention = program.command('retention').description('how long each class of events is kept (PARAPET_RETENTION)');

  retention
    .command('report')
    .description('what each store is told to keep and what it really holds; exit code 1 when one holds more, or does not answer')
    .addOption(json)
    .action(async ({ json: asJson }: { json?: boolean }) => {
      const { isKept, reportRetention } = await import('../retention.ts');
      const stores = await withLog(({ log, codec }) => reportRetention({ env: readEnvironment(), log, codec, actor: 'cli' }));
      for (const line of renderReport(stores)) console.log(line);
      if (asJson) console.log(JSON.stringify({ ok: isKept(stores), table: readEnvironment().PARAPET_RETENTION, stores }));
      process.exitCode = isKept(stores) ? 0 : 1;
    });

  retention
    .command('apply')
    .description('set it in every store and remove what is due; a running Parapet does so every six hours')
    .option('--without <groups...>', 'consumer groups that will never come back: the log waits for them no longer')
    .addOption(json)
    .action(async ({ without, json: asJson }: { without?: string[]; json?: boolean }) => {
      const { applyRetention } = await import('../retention.ts');
      const stores = await withLog(({ log, codec }) => applyRetention({ env: readEnvironment(), log, codec, without, actor: 'cli' }));
      for (const line of renderApplied(stores)) console.log(line);
      const ok = stores.every(({ error }) => error === undefined);
      if (asJson) console.log(JSON.stringify({ ok, stores }));
      process.exitCode = ok ? 0 : 1;
    });

  program
    .command('migrate')
    .description('bring every configured store to this version’s schema, and apply the retention table; before a new version starts')
    .addOption(json)
    .action(async ({ json: asJson }: { json?: boolean }) => {
      const { migrateAll } = await import('../migrate.ts');
      const stores = await withLog(({ log, codec }) => migrateAll({ env: readEnvironment(), log, codec, actor: 'cli' }));
      for (const line of renderMigrated(stores)) console.log(line);
      const ok = stores.every(({ error }) => error === undefined);
      if (asJson) console.log(JSON.stringify({ ok, stores }));
      process.exitCode = ok ? 0 : 1;
    });
}
