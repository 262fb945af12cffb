/**
 * The command line. Results go to standard output, everything else to standard error; `--json` makes the last line of the
 * output one object. Exit codes: 0 it holds or it worked, 1 it does not hold or it failed, 2 the command was wrong.
 */
import { Command } from 'commander';
import { toParapetError } from '../core/errors.ts';
import { WrongCommand } from './commands/shared.ts';

/**
 * In the order that `parapet --help` shows. Each file exports one function, which gives the program its commands: their flags
 * and what they print. What they do is loaded when they run.
 */
const FAMILIES = [
  import('./commands/run.ts'), // up, gateway, stream, process, sink
  import('./commands/books.ts'), // reconcile, replay
  import('./commands/erase.ts'),
  import('./commands/dead.ts'),
  import('./commands/stores.ts'), // schemas, retention, migrate
  import('./commands/doctor.ts'),
  import('./commands/eval.ts'),
  import('./commands/signatures.ts'),
  import('./commands/detection.ts'), // drift, train, verdict
  import('./commands/response.ts'), // incidents, quarantine, thresholds
  import('./commands/evidence.ts'), // report, approve, reject, publish, evidence, verify, prove, attest, drill, frameworks
  import('./commands/evidence-workflows.ts'), // worker, schedule
];

const program = new Command('parapet')
  .description('The AI gateway that keeps evidence. Settings come from the environment; see docs/configuration.md.')
  .showHelpAfterError('(parapet --help lists the commands)')
  // An option behind a subcommand is the subcommand's, also where its parent has one of that name.
  .enablePositionalOptions()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

for (const family of await Promise.all(FAMILIES)) {
  for (const addCommands of Object.values(family)) addCommands(program);
}

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof WrongCommand) program.error(thrown.message, { exitCode: 2 });
  const { code, message, hint } = toParapetError(thrown);
  process.stderr.write(`${code}: ${message}\n→ ${hint}\n`);
  process.exitCode = 1;
}
