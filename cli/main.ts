/**
 * The command line. Results go to standard output, everything else to standard error; `--json` makes the last line of the
 * output one object. Exit codes: 0 it holds or it worked, 1 it does not hold or it failed, 2 the command was wrong.
 */
import { Command, Option } from 'commander';
import { dataPaths, type Environment, readEnvironment } from '../core/environment.ts';
import { toParapetError } from '../core/errors.ts';
import { createLogger } from '../core/logger.ts';
import { createApiKeysFile } from '../gateway/api-keys.ts';
import { askRegistry } from '../schemas/registry/index.ts';
import type { DecideParts, LetterFilter } from './dead.ts';
import { renderErasure } from './erase.ts';
import type { EvalFlags } from './eval-flags.ts';
import { reconciliationLine, renderReconciliation } from './reconcile.ts';
import type { ReplayOptions } from './replay.ts';
import { renderApplied, renderMigrated, renderReport } from './retention-text.ts';
import { registerSchemas } from './schemas.ts';
import { clickHousePassword, openCodec, openLog } from './stores.ts';
import { configuredSinks, PROCESSOR_NAMES, type ProcessorName, REPLAYABLE, SINK_NAMES, type SinkName, sinksOf } from './views.ts';

/** Who may have dead letters. */
const CONSUMERS: string[] = [...PROCESSOR_NAMES, ...SINK_NAMES];

const program = new Command('parapet')
  .description('The AI gateway that keeps evidence. Settings come from the environment; see docs/configuration.md.')
  .showHelpAfterError('(parapet --help lists the commands)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const json = new Option('--json', 'print one JSON object as the last line');

program
  .command('up')
  .description('run all of Parapet on this machine; the first start makes keys and prints them once')
  .option('--workers <n>', 'gateway processes that share the port', positive, 1)
  .option('--sandbox-port <n>', 'port of the sandbox vendor (PARAPET_SANDBOX=true)', positive, 8090)
  .action(async ({ workers, sandboxPort }: { workers: number; sandboxPort: number }) => {
    const env = readEnvironment();
    const { supervise } = await import('./supervisor.ts');
    const logger = createLogger('up');
    printFirstStart(env);
    const supervisor = supervise(env, logger, { workers, sandboxPort });
    await untilSignal();
    await supervisor.stop();
  });

program
  .command('gateway')
  .description('run one gateway')
  .action(async () => {
    const env = readEnvironment();
    const { startGateway } = await import('../gateway/index.ts');
    const gateway = await startGateway(env, createLogger('gateway'));
    if (gateway.newKey) printKey(gateway.newKey.key);
    await untilSignal();
    await gateway.stop();
  });

program
  .command('stream')
  .description('run the processors and the ClickHouse sinks in one process')
  .action(() => runStream('stream', [...PROCESSOR_NAMES], sinksOf('clickhouse')));

program
  .command('process')
  .description('run processors')
  .argument('[names...]', `of ${PROCESSOR_NAMES.join(', ')}`, [...PROCESSOR_NAMES])
  .action((names: string[]) => runStream('process', known(names, PROCESSOR_NAMES) as ProcessorName[], []));

program
  .command('sink')
  .description('run sinks; all that are configured when none are named')
  .argument('[names...]', `of ${SINK_NAMES.join(', ')}`)
  .action((names: string[]) =>
    runStream('sink', [], names.length === 0 ? configuredSinks(readEnvironment()) : (known(names, SINK_NAMES) as SinkName[])),
  );

program
  .command('reconcile')
  .description('accepted by gateways = events in the log = rows in the view = rows in the lake = further stores; exit code 1 if not')
  .option('--wait <seconds>', 'how long to wait for the pipeline to catch up (default: the lake’s linger and 15 more)', positive)
  .addOption(json)
  .action(async ({ wait, json: asJson }: { wait?: number; json?: boolean }) => {
    const env = readEnvironment();
    const { reconcileAll } = await import('./books.ts');
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
    const { replay } = await import('./replays.ts');
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
    const { beyondReach, erase } = await import('./erasers.ts');
    const result = await erase(env, { id: subject, org: org ?? env.PARAPET_ORG, reason, dryRun }, progress);
    const notices = result.outcome === 'nothing' ? [] : beyondReach(env);
    for (const line of renderErasure(result, notices)) console.log(line);
    if (asJson) console.log(JSON.stringify({ ...result, notices }));
  });

const dead = program.command('dead').description('work with dead letters: records that a processor or a sink set aside');
const letterFilter = (command: Command): Command =>
  command
    .option('--code <code>', 'only this error code')
    .option('--since <time>', 'failed at or after this time (ISO 8601)', time)
    .option('--until <time>', 'failed before this time', time);

letterFilter(dead.command('list'))
  .description('list them, oldest first')
  .argument('[group]', 'of one processor or sink only')
  .addOption(new Option('--state <state>', 'what was decided').choices(['open', 'replayed', 'dropped', 'all']).default('open'))
  .addOption(json)
  .action(async (group: string | undefined, { json: asJson, ...filter }: LetterFilter & { json?: boolean }) => {
    const { listLetters } = await import('./dead.ts');
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
    const { showLetter } = await import('./dead.ts');
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
    const { replayLetters } = await import('./dead.ts');
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
    const { dropLetters } = await import('./dead.ts');
    const { letters } = await withLog((parts) => dropLetters(parts, consumer, { ...filter, ids }, reason));
    console.log(`${letters.length} dropped`);
  });

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
    const { isKept, reportRetention } = await import('./retention.ts');
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
    const { applyRetention } = await import('./retention.ts');
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
    const { migrateAll } = await import('./migrate.ts');
    const stores = await withLog(({ log, codec }) => migrateAll({ env: readEnvironment(), log, codec, actor: 'cli' }));
    for (const line of renderMigrated(stores)) console.log(line);
    const ok = stores.every(({ error }) => error === undefined);
    if (asJson) console.log(JSON.stringify({ ok, stores }));
    process.exitCode = ok ? 0 : 1;
  });

program
  .command('doctor')
  .description('check the configuration and everything Parapet depends on')
  .addOption(json)
  .action(async ({ json: asJson }: { json?: boolean }) => {
    const { examine } = await import('./doctor.ts');
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

program
  .command('eval')
  .description('measure detection on labelled texts (jsonl, docs/evaluation.md)')
  .argument('<files...>')
  .option('--layers <names>', 'only by these layers of detection, with commas between')
  .option('--encodings', 'also each attack that is caught, in every encoding that attacks hide in')
  .option('--exclude <field=value,...>', 'leave out rows that have all of these; may be repeated', gathered)
  .option('--examples <n>', 'how many missed attacks and how many false alarms to show', positive, 5)
  .option('--report <file>', 'write a report, .html or .md; may be repeated', gathered)
  .option('--pii', 'the files label spans of sensitive data: say how well these are found')
  .addOption(json)
  .action(async (files: string[], flags: EvalFlags) => {
    const { besidesPii, evalOptions } = await import('./eval-flags.ts');
    const { renderEvaluation, renderPii } = await import('./eval-text.ts');
    if (flags.pii) {
      const beside = besidesPii(flags);
      if (beside !== undefined) program.error(beside, { exitCode: 2 });
      const { evaluatePiiFiles, piiJson } = await import('./eval-pii.ts');
      const measured = await evaluatePiiFiles(files);
      for (const line of renderPii(measured)) console.log(line);
      if (flags.json) console.log(JSON.stringify(piiJson(measured)));
      return;
    }
    const options = evalOptions(flags);
    if (typeof options === 'string') return program.error(options, { exitCode: 2 });
    const { evaluateFiles, evaluationJson } = await import('./eval.ts');
    const models = readEnvironment();
    const evaluated = await evaluateFiles(files, { ...options, blockScore: models.PARAPET_BLOCK_SCORE, models, onProgress: progress });
    for (const line of renderEvaluation(evaluated)) console.log(line);
    if (flags.json) console.log(JSON.stringify(evaluationJson(evaluated)));
  });

const signatures = program.command('signatures').description('rules that reach every gateway while it runs (docs/signatures.md)');

signatures
  .command('keygen')
  .description('make the pair of keys that bundles are signed with and checked by; never over one that is there')
  .action(async () => {
    const { makeSigningKey } = await import('../keys/signing.ts');
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
    const { listSignatures } = await import('./signatures.ts');
    const { renderListing } = await import('./signatures-text.ts');
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
    const { readRules } = await import('./signatures.ts');
    const rules = files.flatMap((file) => readRules(file).signatures);
    const { falseAlarms } = await import('./signatures-benign.ts');
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
      if (files.length + disable.length + enable.length === 0) return program.error('nothing to add', { exitCode: 2 });
      const { addToDraft, draftFile } = await import('./signatures.ts');
      const env = readEnvironment();
      const draft = addToDraft(env, files, { disable, enable });
      const figures = { file: draftFile(env), rules: draft.signatures.length, disabled: draft.disabled };
      console.log(asJson ? JSON.stringify(figures) : `${figures.file}: ${figures.rules} rules, ${draft.disabled.length} disabled`);
    },
  );

signatures
  .command('import')
  .description('make rules of a YARA file whose rules are lists of texts; prints them, for a look and `signatures add`')
  .argument('<file>')
  .requiredOption('--family <letters>', 'of the ids that they get, e.g. CR')
  .option('--first <n>', 'number of the first', positive, 1)
  .action(async (path: string, { family, first }: { family: string; first: number }) => {
    const { importRules } = await import('./signatures.ts');
    console.log(JSON.stringify(importRules(path, { family, first }), null, 2));
  });

signatures
  .command('publish')
  .description('sign the draft and send it to every gateway')
  .addOption(
    new Option('--mode <mode>', 'record only what it finds, or let it count').choices(['monitor', 'enforce']).makeOptionMandatory(),
  )
  .addOption(json)
  .action(async ({ mode, json: asJson }: { mode: 'monitor' | 'enforce'; json?: boolean }) => {
    const { publishDraft } = await import('./signatures.ts');
    const { renderPublished } = await import('./signatures-text.ts');
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
    const { rollback } = await import('./signatures.ts');
    const { renderPublished } = await import('./signatures-text.ts');
    const published = await withLog(({ log, codec }) => rollback({ env: readEnvironment(), log, codec, actor: 'cli' }, to));
    for (const line of renderPublished(published)) console.log(line);
    if (asJson) console.log(JSON.stringify(published));
  });

async function runStream(part: string, processors: ProcessorName[], sinks: SinkName[]): Promise<void> {
  const { startStream } = await import('./stream.ts');
  const stream = await startStream(readEnvironment(), createLogger(part), { processors, sinks });
  await untilSignal();
  await stream.stop();
}

interface EraseFlags {
  subject: string;
  org?: string;
  reason: string;
  dryRun?: boolean;
  json?: boolean;
}

interface ReplayFlags {
  json?: boolean;
  outOfOrder?: boolean;
  dryRun?: boolean;
}

/** Opens the log for one command and closes it whatever happens. */
async function withLog<T>(work: (parts: DecideParts) => Promise<T>): Promise<T> {
  const env = readEnvironment();
  const log = await openLog(env);
  try {
    return await work({ log, codec: await openCodec(env), org: env.PARAPET_ORG });
  } finally {
    await log.close();
  }
}

function printFirstStart(env: Environment): void {
  const clickhouse = clickHousePassword(env);
  if (env.PARAPET_API_KEYS_FILE === undefined) {
    const made = createApiKeysFile(dataPaths(env).apiKeys, env.PARAPET_ORG);
    if (made) printKey(made.key);
  }
  if (clickhouse.made && env.CLICKHOUSE_URL === undefined) {
    console.log(
      `ClickHouse (reading only): http://127.0.0.1:${env.PARAPET_CLICKHOUSE_PORT}  user parapet  password ${clickhouse.password}`,
    );
  }
  console.log(`Gateway: http://${env.PARAPET_HOST}:${env.PARAPET_PORT}   data: ${env.PARAPET_DATA}`);
}

function printKey(key: string): void {
  console.log(`API key (shown once, only its hash is kept): ${key}`);
}

function known(names: string[], all: readonly string[]): string[] {
  const strange = names.filter((name) => !all.includes(name));
  if (strange.length > 0) program.error(`unknown: ${strange.join(', ')} (there are ${all.join(', ')})`, { exitCode: 2 });
  return names;
}

/** The values of an option that may be repeated. */
function gathered(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) program.error(`${text} is not a number`, { exitCode: 2 });
  return number;
}

function time(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) program.error(`${text} is not a time (ISO 8601, e.g. 2026-11-21T14:00:00Z)`, { exitCode: 2 });
  return at;
}

let shownAt = 0;

/** One line of progress on standard error, rewritten in place on a terminal, every few seconds elsewhere. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else if (Date.now() - shownAt > 2_000) {
    shownAt = Date.now();
    process.stderr.write(`${text}\n`);
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

try {
  await program.parseAsync();
} catch (thrown) {
  const { code, message, hint } = toParapetError(thrown);
  process.stderr.write(`${code}: ${message}\n→ ${hint}\n`);
  process.exitCode = 1;
}
