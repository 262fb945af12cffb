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
import { clickHousePassword, openCodec, openKeys, openLog } from './stores.ts';
import { configuredSinks, PROCESSOR_NAMES, type ProcessorName, REPLAYABLE, SINK_NAMES, type SinkName, sinksOf } from './views.ts';

/** Who may have dead letters. */
const CONSUMERS: string[] = [...PROCESSOR_NAMES, ...SINK_NAMES];

const program = new Command('parapet')
  .description('The AI gateway that keeps evidence. Settings come from the environment; see docs/configuration.md.')
  .showHelpAfterError('(parapet --help lists the commands)')
  // An option behind a subcommand is the subcommand's, also where its parent has one of that name.
  .enablePositionalOptions()
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

program
  .command('drift')
  .description('whether what detection sees is still what it saw before')
  .option('--recent <hours>', 'of late: so many hours up to now', positive, 24)
  .option('--before <hours>', 'before: so many hours up to there', positive, 168)
  .addOption(json)
  .action(async ({ recent, before, json: asJson }: { recent: number; before: number; json?: boolean }) => {
    const { measureDrift, renderDrift } = await import('./drift.ts');
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
    const { train } = await import('./train.ts');
    const { renderTrained } = await import('./train-text.ts');
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
    const { giveVerdict, VERDICTS } = await import('./verdict.ts');
    const [id, said] = interaction === undefined ? [first, second] : [interaction, second === undefined ? first : undefined];
    const word = VERDICTS.find((each) => each === said);
    if (id === undefined || word === undefined)
      return program.error(`say which threat, and one of ${VERDICTS.join(', ')}`, { exitCode: 2 });
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
    const { listVerdicts, renderVerdicts } = await import('./verdict.ts');
    const verdicts = await withLog((parts) => listVerdicts(readEnvironment(), parts, { ruleId: rule }));
    for (const line of renderVerdicts(verdicts)) console.log(line);
    if (asJson) console.log(JSON.stringify({ verdicts }));
  });

program
  .command('incidents')
  .description('threats of one type from one agent that belong together, as they stand')
  .option('--agent <id>', 'only of this agent')
  .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
  .option('--all', 'also those that are over')
  .addOption(json)
  .action(async ({ agent, all, org: named, json: asJson }: { agent?: string; all?: boolean; org?: string; json?: boolean }) => {
    const { listIncidents, renderIncidents } = await import('./incidents.ts');
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
    const { listQuarantines, renderQuarantines } = await import('./quarantine.ts');
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
    const { setQuarantine } = await import('./quarantine.ts');
    const set = await withLog(({ org, ...parts }) => setQuarantine({ ...parts, org: named ?? org, actor: 'cli' }, agent, forMs, reason));
    const until = new Date(set.until / 1_000).toISOString();
    console.log(asJson ? JSON.stringify({ agent, ...set }) : `${agent} is in quarantine until ${until}`);
  });

quarantine
  .command('lift')
  .description('let an agent call again, whoever set its quarantine')
  .argument('<agent>')
  .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
  .addOption(json)
  .action(async (agent: string, { org: named, json: asJson }: { org?: string; json?: boolean }) => {
    const { liftQuarantine } = await import('./quarantine.ts');
    const lifted = await withLog(({ org, ...parts }) => liftQuarantine({ ...parts, org: named ?? org, actor: 'cli' }, agent));
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
    const { listThresholds, renderThresholds } = await import('./thresholds.ts');
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
  .addOption(json)
  .action(async (org: string, { block, alert, json: asJson }: { block: number; alert: number; json?: boolean }) => {
    const { setThresholds } = await import('./thresholds.ts');
    await withLog((parts) => setThresholds({ ...parts, actor: 'cli' }, org, { block, alert }));
    console.log(asJson ? JSON.stringify({ org, block, alert }) : `${org}: block ${block}, alert ${alert}`);
  });

thresholds
  .command('clear')
  .description('let the settings hold for one organisation again')
  .argument('<org>')
  .addOption(json)
  .action(async (org: string, { json: asJson }: { json?: boolean }) => {
    const { clearThresholds } = await import('./thresholds.ts');
    const cleared = await withLog((parts) => clearThresholds({ ...parts, actor: 'cli' }, org));
    console.log(asJson ? JSON.stringify({ org, cleared }) : `${org} ${cleared ? 'goes by the settings' : 'had none of its own'}`);
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

interface VerdictFlags {
  interaction?: string;
  path?: string;
  direction?: 'request' | 'response';
  by: string;
  note?: string;
  json?: boolean;
}

interface QuarantineFlags {
  /** Milliseconds. */
  for: number;
  reason: string;
  org?: string;
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

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function duration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return program.error(`${text} is not a time such as 60m, 12h or 2d`, { exitCode: 2 });
  return Number(count) * (UNITS_MS[unit] as number);
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
