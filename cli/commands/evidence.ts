/** Evidence: reports, their approval and publication, their verification, proofs, attestations, frameworks. */
import { type Command, Option } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import { json, positive, progress, withLog } from './shared.ts';

const LANGUAGE_NAMES = ['en', 'de', 'fr', 'es'] as const;
const FORMATS = ['pdf', 'xlsx', 'html', 'csv', 'oscal-results', 'oscal-component'] as const;

export function register(program: Command): void {
  program
    .command('report')
    .description('a sealed package of evidence for one framework and period; run again after any failure, it goes on from there')
    .argument('<framework>', 'NIST-AI-RMF, ISO-42001, SOC2, EU-AI-ACT, GDPR, one of PARAPET_FRAMEWORKS_FOLDER, or a file')
    .requiredOption('--period <period>', 'a day (2026-11-21), month (2026-10), quarter (2026-Q3) or year (2026), in UTC')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .option('--author <name>', 'who wants it; who approves it is somebody else', 'cli')
    .addOption(new Option('--language <languages...>', 'of the reader').choices(LANGUAGE_NAMES).default(['en']))
    .addOption(new Option('--format <formats...>', 'of the reports in it').choices(FORMATS).default([...FORMATS]))
    .option('--so-far', 'of a period that is not over: up to now')
    .option('--addendum', 'what came after the package of this period was made')
    .addOption(json)
    .action(async (framework: string, flags: ReportFlags) => {
      const { period, org, author, language: languages, format: formats, soFar = false, addendum = false, json: asJson } = flags;
      const { renderReported, report } = await import('../report.ts');
      const made = await withEvidence(org, ({ parts, org: of }) =>
        report(parts, { framework, org: of, period, author, languages, formats, soFar, addendum }, progress),
      );
      for (const line of renderReported(made)) console.log(line);
      if (asJson) console.log(JSON.stringify(made));
    });

  for (const [name, says] of [
    ['approve', 'approve a sealed package; with enough approvals it is published'],
    ['reject', 'take a sealed package out of its chain; the report can be made anew'],
  ] as const) {
    program
      .command(name)
      .description(says)
      .argument('<package>', 'its id, e.g. report/NIST-AI-RMF/acme/2026-10')
      .requiredOption('--by <name>', 'who, as PARAPET_COMPLIANCE_FILE names approvers')
      .option('--comment <text>', 'why; kept in the audit log', '')
      .option('--here', 'a package that parapet report made on this machine, although TEMPORAL_ADDRESS is set')
      .addOption(json)
      .action(async (id: string, { by, comment, here = false, json: asJson }: DecideFlags) => {
        const env = readEnvironment();
        if (env.TEMPORAL_ADDRESS !== undefined && !here) {
          const { approveByWorkflow } = await import('../schedule.ts');
          const status = await approveByWorkflow(env, id, { by, comment }, name);
          console.log(asJson ? JSON.stringify(status) : `${id}: ${status.phase}, ${status.given.length} of ${status.needed} approvals`);
          return;
        }
        const { decide } = await import('../decide.ts');
        const decided = await withEvidence(id.split('/')[2], ({ parts }) => decide(parts, name, id, { by, comment }));
        console.log(asJson ? JSON.stringify(decided) : decided.says);
      });
  }

  program
    .command('publish')
    .description('publish a package that has its approvals, behind the one before it')
    .argument('<package>')
    .addOption(json)
    .action(async (id: string, { json: asJson }: { json?: boolean }) => {
      const { publishReport } = await import('../../compliance/assembly/index.ts');
      const published = await withEvidence(id.split('/')[2], ({ parts }) => publishReport(parts, id));
      const { location, lockedUntil, objects } = published;
      const lock = lockedUntil === null ? 'nothing locks it' : `locked until ${lockedUntil}`;
      console.log(asJson ? JSON.stringify(published) : `${location}: ${objects.length} files, ${lock}`);
    });

  program
    .command('evidence')
    .description('the packages of this machine and of the archive, with what they wait for')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .addOption(json)
    .action(async ({ org, json: asJson }: { org?: string; json?: boolean }) => {
      const { listPackages, renderPackages } = await import('../packages.ts');
      const packages = await withEvidence(org, ({ parts, org: of }) => listPackages(parts, of));
      for (const line of renderPackages(packages)) console.log(line);
      console.log(asJson ? JSON.stringify({ packages }) : `${packages.length} packages`);
    });

  program
    .command('verify')
    .description('check packages: every file, signature, timestamp, approval, and that they follow one another; exit code 1 if not')
    .argument('<packages...>', 'folders, or ids of packages in the archive')
    .option('--trust <file>', 'PEM of the roots that are trusted (default: PARAPET_EVIDENCE_TRUST_FILE, else who signs here)')
    .option('--tsa-trust <file>', 'PEM of the roots of timestamp authorities')
    .addOption(json)
    .action(async (names: string[], { trust, tsaTrust, json: asJson }: { trust?: string; tsaTrust?: string; json?: boolean }) => {
      const env = readEnvironment();
      const { openArchive, trustOf } = await import('../evidence.ts');
      const { renderVerified, verifyAll } = await import('../verify.ts');
      const known = trustOf(env);
      const options = { ...known, trustFile: trust ?? known.trustFile, timestampTrustFile: tsaTrust ?? known.timestampTrustFile };
      const archive = openArchive(env);
      try {
        const result = await verifyAll(names, options, archive);
        for (const line of renderVerified(result)) console.log(line);
        if (asJson) console.log(JSON.stringify(result));
        process.exitCode = result.valid ? 0 : 1;
      } finally {
        await archive.close();
      }
    });

  program
    .command('prove')
    .description('show that one interaction belongs to a package, and nothing of the others')
    .argument('<interaction>')
    .option('--package <package>', 'folder or id (default: the newest of the framework that has it)')
    .option('--framework <id>', 'whose packages to look at', 'NIST-AI-RMF')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .option('--out <folder>', 'write proof.json and record.avro there')
    .addOption(json)
    .action(async (interaction: string, { org, json: asJson, ...options }: ProveFlags) => {
      const { proveInteraction, renderProof } = await import('../prove.ts');
      const { openLake } = await import('../stores.ts');
      const lake = openLake(readEnvironment());
      const result = await withEvidence(org, ({ parts, org: of }) => proveInteraction({ parts, lake, org: of }, interaction, options));
      await lake.close();
      for (const line of renderProof(result, options.out)) console.log(line);
      if (asJson) console.log(JSON.stringify(result.proof));
    });

  program
    .command('read')
    .description('what was said in one interaction, in clear; who reads it and why is kept in the audit log')
    .argument('<interaction>')
    .requiredOption('--by <name>', 'who reads it')
    .requiredOption('--reason <text>', 'why')
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .addOption(json)
    .action(async (interaction: string, { by, reason, org, json: asJson }: ReadFlags) => {
      const { readInteraction, renderReading, withReadParts } = await import('../read.ts');
      const env = readEnvironment();
      const reading = await withReadParts(env, (parts) => readInteraction(parts, interaction, { org: org ?? env.PARAPET_ORG, by, reason }));
      for (const line of asJson ? [JSON.stringify(reading)] : renderReading(reading)) console.log(line);
    });

  program
    .command('attest')
    .description('a person’s word for what no machine can judge, until it expires')
    .argument('<framework>')
    .argument('<requirement>', 'as the framework writes it, e.g. "GOVERN 1.1"')
    .requiredOption('--by <name>', 'who says it')
    .option('--statement <text>', 'in their own words (default: what the framework asks for)')
    .option('--days <n>', 'for how long, at most as the framework says', positive)
    .addOption(json)
    .action(async (framework: string, requirement: string, { by, statement, days, json: asJson }: AttestFlags) => {
      const { attest } = await import('../attest.ts');
      const { PARAPET_FRAMEWORKS_FOLDER: frameworksFolder } = readEnvironment();
      const given = await withLog((parts) =>
        attest({ ...parts, frameworksFolder }, framework, requirement, { by, statement, validDays: days }),
      );
      console.log(
        asJson ? JSON.stringify(given) : `${given.framework} ${given.requirement}: attested by ${given.by} until ${given.expiresAt}`,
      );
    });

  program
    .command('rotate-signer')
    .description('give evidence a new signing key, of this machine’s own authority; what was signed before holds as before')
    .option('--older-than <days>', 'only when the key is older', positive, 0)
    .option('--org <org>', 'of which organisation (default: PARAPET_ORG)')
    .addOption(json)
    .action(async ({ olderThan, org, json: asJson }: { olderThan: number; org?: string; json?: boolean }) => {
      const { rotateOwnSigner } = await import('../evidence.ts');
      const env = readEnvironment();
      const fingerprint = await withEvidence(org, async ({ parts, org: of }) => {
        const made = await rotateOwnSigner(parts, env, of, olderThan);
        if (made !== undefined) {
          await parts.record({ org: of, actor: 'cli', action: 'keys.rotated', target: 'evidence signer', details: { fingerprint: made } });
        }
        return made;
      });
      const says = fingerprint === undefined ? 'the key stays: it is young enough, or your own' : `the new certificate is ${fingerprint}`;
      console.log(asJson ? JSON.stringify({ rotated: fingerprint !== undefined, fingerprint: fingerprint ?? null }) : says);
    });

  program
    .command('rotate-master')
    .description('exchange the master key and wrap every data key anew, while everything runs; what was killed in it goes on')
    .option('--older-than <days>', 'only when the key is older', positive, 0)
    .option('--org <org>', 'in whose audit log it is noted (default: PARAPET_ORG)')
    .addOption(json)
    .action(async ({ olderThan, org, json: asJson }: { olderThan: number; org?: string; json?: boolean }) => {
      const { rotateMaster } = await import('../evidence.ts');
      const made = await withEvidence(org, async ({ parts, org: of }) => {
        const rotation = await rotateMaster(parts, of, olderThan);
        if (rotation !== undefined) {
          const details = { id: rotation.id, rewrapped: String(rotation.rewrapped) };
          await parts.record({ org: of, actor: 'cli', action: 'keys.rotated', target: 'master key', details });
        }
        return rotation;
      });
      const says =
        made === undefined
          ? 'the key stays: it is young enough'
          : `the new master key is ${made.id}; ${made.rewrapped} data keys are wrapped by it. Keep a copy of it elsewhere.`;
      console.log(asJson ? JSON.stringify({ rotated: made !== undefined, id: made?.id ?? null, rewrapped: made?.rewrapped ?? 0 }) : says);
    });

  const drill = program.command('drill').description('what was broken on purpose, or restored, and what came of it');

  drill
    .command('record')
    .description('keep what a drill printed in the audit log, as evidence')
    .addOption(new Option('--kind <kind>', 'what it was').choices(['chaos', 'restore', 'backup']).makeOptionMandatory())
    .requiredOption('--file <file>', 'what it printed: npm run chaos -- --json, parapet replay --json, {"rows": 100, "lost": 0}')
    .option('--by <name>', 'who records it', 'cli')
    .addOption(json)
    .action(
      async ({ kind, file, by, json: asJson }: { kind: 'chaos' | 'restore' | 'backup'; file: string; by: string; json?: boolean }) => {
        const { recordDrill } = await import('../drill.ts');
        const recorded = await withLog((parts) => recordDrill({ ...parts, actor: by }, kind, file));
        console.log(asJson ? JSON.stringify(recorded) : `${kind} drill on ${recorded.target}: ${recorded.passed ? 'passed' : 'FAILED'}`);
      },
    );

  program
    .command('frameworks')
    .description('the frameworks that reports can be of, and how much of each is judged, attested or not covered')
    .argument('[framework]', 'one of them, requirement by requirement')
    .addOption(json)
    .action(async (framework: string | undefined, { json: asJson }: { json?: boolean }) => {
      const { describeFrameworks, renderFrameworks } = await import('../frameworks.ts');
      const described = describeFrameworks(readEnvironment().PARAPET_FRAMEWORKS_FOLDER, framework);
      for (const line of renderFrameworks(described)) console.log(line);
      if (asJson) console.log(JSON.stringify(described));
    });
}

interface ReportFlags {
  period: string;
  org?: string;
  author: string;
  language: (typeof LANGUAGE_NAMES)[number][];
  format: (typeof FORMATS)[number][];
  soFar?: boolean;
  addendum?: boolean;
  json?: boolean;
}

interface DecideFlags {
  by: string;
  comment: string;
  here?: boolean;
  json?: boolean;
}

interface ProveFlags {
  package?: string;
  framework: string;
  org?: string;
  out?: string;
  json?: boolean;
}

interface ReadFlags {
  by: string;
  reason: string;
  org?: string;
  json?: boolean;
}

interface AttestFlags {
  by: string;
  statement?: string;
  days?: number;
  json?: boolean;
}

/** Opens everything that evidence stands on, and closes it whatever happens. */
async function withEvidence<T>(
  named: string | undefined,
  work: (desk: { parts: import('../../compliance/assembly/index.ts').AssemblyParts; org: string }) => Promise<T>,
): Promise<T> {
  const env = readEnvironment();
  const org = named ?? env.PARAPET_ORG;
  const { openEvidence } = await import('../evidence.ts');
  const desk = await openEvidence(env, org);
  try {
    return await work({ parts: desk.parts, org });
  } finally {
    await desk.close();
  }
}
