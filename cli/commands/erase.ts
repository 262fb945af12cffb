/** The right to be forgotten. */
import type { Command } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import { renderErasure } from '../erase.ts';
import { json, progress } from './shared.ts';

export function eraseCommand(program: Command): void {
  program
    .command('erase')
    .description('erase one subject: destroy its data keys, mask what views hold of it; run it again after any failure')
    .requiredOption('--subject <id>', 'whom, as the application named it (user id, or agent id where no user was named)')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .option('--reason <text>', 'why; kept in the audit log', '')
    .option('--dry-run', 'only say what would be erased')
    .addOption(json)
    .action(async ({ subject, org, reason, dryRun = false, json: asJson }: EraseFlags) => {
      const env = readEnvironment();
      const { beyondReach, erase } = await import('../erasers.ts');
      const result = await erase(env, { id: subject, org: org ?? env.PARAPET_ORG, reason, dryRun }, progress);
      const notices = result.outcome === 'nothing' ? [] : beyondReach(env);
      for (const line of renderErasure(result, notices)) console.log(line);
      if (asJson) console.log(JSON.stringify({ ...result, notices }));
    });
}

interface EraseFlags {
  subject: string;
  org?: string;
  reason: string;
  dryRun?: boolean;
  json?: boolean;
}
