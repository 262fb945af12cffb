/** `npm run bench -- NAME [options]`: runs one bench. Each lists its options in its first comment; all know `--json`. */

const BENCHES: Record<string, string> = {
  gateway: 'requests through the gateway against a bare proxy',
  stream: 'how long a streamed chunk is held, and chunks per second against a bare proxy',
  spool: 'durable appends per second, and how long one takes',
  replay: 'a view rebuilt from the log, twice: events per second, and whether the two are the same',
  pipeline: 'log → enrich → detect → ClickHouse: events per second, and memory',
  detection: 'prompts per second of a core through signatures and sensitive data, and the worst hostile text',
  report: 'a quarterly report over ten million interactions on a ClickHouse server: seconds and memory, and the proof of one of them',
  reconcile: 'the books of log and lake over ten million events: events per second, and memory',
  idle: 'what all processes take of a core while nobody asks anything',
};

/** Where a bench has another file than its name says. */
const FILES: Record<string, string> = { report: './evidence.ts' };

const name = process.argv[2] ?? '';
if (Object.hasOwn(BENCHES, name)) {
  await import(FILES[name] ?? `./${name}.ts`);
} else {
  console.error(`npm run bench -- NAME [options] [--json]\n`);
  for (const [each, says] of Object.entries(BENCHES)) console.error(`  ${each.padEnd(9)} ${says}`);
  process.exitCode = 2;
}
