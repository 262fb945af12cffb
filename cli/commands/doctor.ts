/** Whether this machine can run it. */
import type { Command } from 'commander';
import { json } from './shared.ts';

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check the configuration and everything Parapet depends on')
    .addOption(json)
    .action(async ({ json: asJson }: { json?: boolean }) => {
      const { examine } = await import('../doctor.ts');
      const checks = await examine();
      const signs = { ok: '✓', warning: '!', failed: '✗' };
      for (const { name, state, says, hint } of checks) {
        console.log(`${signs[state]} ${name.padEnd(16)} ${says}`);
        if (state !== 'ok' && hint) console.log(`  ${' '.repeat(16)} → ${hint}`);
      }
      const failed = checks.filter((check) => check.state === 'failed').length;
      if (asJson) console.log(JSON.stringify({ ok: failed === 0, checks }));
      process.exitCode = failed === 0 ? 0 : 1;
    });
}
