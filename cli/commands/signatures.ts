/** Rules of detection, from a file on a desk to every gateway. */
import { type Command, Option } from 'commander';
import { dataPaths, readEnvironment } from '../../core/environment.ts';
import { gathered, json, positive, WrongCommand, withLog } from './shared.ts';

export function signatureCommands(program: Command): void {
  const signatures = program.command('signatures').description('rules that reach every gateway while it runs (docs/signatures.md)');

  signatures
    .command('keygen')
    .description('make the pair of keys that bundles are signed with and checked by; never over one that is there')
    .action(async () => {
      const { makeSigningKey } = await import('../../keys/signing.ts');
      const { privateKey, publicKey } = makeSigningKey(dataPaths(readEnvironment()).signatures);
      console.log(`private key (keep it, and keep it away from gateways): ${privateKey}`);
      console.log(`for gateways and streams: PARAPET_SIGNATURE_PUBLIC_KEYS=${publicKey}`);
    });

  signatures
    .command('list')
    .description('what was published, and what holds')
    .option('--rules', 'also every rule that holds')
    .addOption(json)
    .action(async ({ rules, json: asJson }: { rules?: boolean; json?: boolean }) => {
      const { listSignatures } = await import('../signatures.ts');
      const { renderListing } = await import('../signatures-text.ts');
      const listing = await withLog(({ log, codec }) => listSignatures({ env: readEnvironment(), log, codec, actor: 'cli' }));
      for (const line of renderListing(listing, rules)) console.log(line);
      if (asJson) console.log(JSON.stringify(listing));
    });

  signatures
    .command('test')
    .description('check files of rules: they compile, are linear, and are right about their examples; exit code 1 when one is not')
    .argument('<files...>')
    .option('--benign <file>', 'jsonl of harmless texts (docs/evaluation.md): in how many does each rule fire?')
    .addOption(json)
    .action(async (files: string[], { benign, json: asJson }: { benign?: string; json?: boolean }) => {
      const { readRules } = await import('../signatures.ts');
      const rules = files.flatMap((file) => readRules(file).signatures);
      const { falseAlarms } = await import('../signatures-benign.ts');
      const alarms = benign === undefined ? undefined : falseAlarms(rules, benign);
      console.log(`${rules.length} rules may run`);
      for (const { id, texts } of alarms?.byRule ?? []) console.log(`${id}  fires in ${texts} of ${alarms?.texts} harmless texts`);
      if (alarms && alarms.byRule.length === 0) console.log(`none fires in ${alarms.texts} harmless texts`);
      if (asJson) console.log(JSON.stringify({ ok: true, rules: rules.map(({ id }) => id), ...(alarms ? { alarms } : {}) }));
    });

  signatures
    .command('add')
    .description('put rules into the draft of the next bundle, in the place of those with their ids; refused unless all may run')
    .argument('[files...]')
    .option('--disable <id>', 'a rule that is not to run; may be repeated', gathered)
    .option('--enable <id>', 'one that is to run again; may be repeated', gathered)
    .addOption(json)
    .action(
      async (files: string[], { disable = [], enable = [], json: asJson }: { disable?: string[]; enable?: string[]; json?: boolean }) => {
        if (files.length + disable.length + enable.length === 0) throw new WrongCommand('nothing to add');
        const { addToDraft, draftFile } = await import('../signatures.ts');
        const env = readEnvironment();
        const draft = addToDraft(env, files, { disable, enable });
        const figures = { file: draftFile(env), rules: draft.signatures.length, disabled: draft.disabled };
        console.log(asJson ? JSON.stringify(figures) : `${figures.file}: ${figures.rules} rules, ${draft.disabled.length} disabled`);
      },
    );

  signatures
    .command('import')
    .description('make rules of a Sigma file (.yml) or of a YARA file of lists of texts; prints them, for a look and `signatures add`')
    .argument('<file>')
    .requiredOption('--family <letters>', 'of the ids that they get, e.g. CR')
    .option('--first <n>', 'number of the first', positive, 1)
    .option('--near <characters>', 'of Sigma: within how many characters of one another stands what a rule asks for together', positive)
    .action(async (path: string, options: { family: string; first: number; near?: number }) => {
      const { importRules } = await import('../signatures.ts');
      console.log(JSON.stringify(importRules(path, options), null, 2));
    });

  signatures
    .command('publish')
    .description('sign the draft and send it to every gateway')
    .addOption(
      new Option('--mode <mode>', 'record only what it finds, or let it count').choices(['monitor', 'enforce']).makeOptionMandatory(),
    )
    .addOption(json)
    .action(async ({ mode, json: asJson }: { mode: 'monitor' | 'enforce'; json?: boolean }) => {
      const { publishDraft } = await import('../signatures.ts');
      const { renderPublished } = await import('../signatures-text.ts');
      const published = await withLog(({ log, codec }) => publishDraft({ env: readEnvironment(), log, codec, actor: 'cli' }, mode));
      for (const line of renderPublished(published)) console.log(line);
      if (asJson) console.log(JSON.stringify(published));
    });

  signatures
    .command('rollback')
    .description('publish again what was enforced before, under a new number')
    .option('--to <version>', 'the rules of this bundle; 0 for the built-in ones alone', positive)
    .addOption(json)
    .action(async ({ to, json: asJson }: { to?: number; json?: boolean }) => {
      const { rollback } = await import('../signatures.ts');
      const { renderPublished } = await import('../signatures-text.ts');
      const published = await withLog(({ log, codec }) => rollback({ env: readEnvironment(), log, codec, actor: 'cli' }, to));
      for (const line of renderPublished(published)) console.log(line);
      if (asJson) console.log(JSON.stringify(published));
    });
}
