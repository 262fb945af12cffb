/** What analysts ask and what attackers try, against the real parser; a read-only session alone lets many of these attacks pass. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chdb from 'chdb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANALYST_QUERIES, migrate, openClickHouse } from '../index.ts';
import { type Ask, createGuard, type Guard } from './guard.ts';

let folder = '';
let guard: Guard;
let close: () => Promise<void>;
let ask: Ask;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-guard-'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  const store = await openClickHouse({ path: join(folder, 'data') });
  for (const view of ['interactions', 'threats', 'audit', 'verdicts', 'incidents'] as const) await migrate(store, view);
  const session = new chdb.Session(join(folder, 'data'));
  session.query('USE parapet');
  session.query('SET readonly = 1');
  ask = async (sql, params) => (await session.queryBindAsync(sql, params, { format: 'TSV' })).text();
  guard = await createGuard(ask, 'parapet');
  close = async () => {
    session.close();
    await store.close();
  };
}, 60_000);

afterAll(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

const READS = [
  'SELECT 1',
  'select count() from interactions;',
  '(SELECT 1) UNION ALL (SELECT 2) INTERSECT SELECT 2',
  'SELECT rule_id, verdict, judged_by FROM threats_judged WHERE false_positive',
  `SELECT title, severity FROM incidents_newest WHERE status = 'open'`,
  "WITH x AS (SELECT * FROM threats) SELECT threat_type, countIf(severity = 'high') FROM x GROUP BY 1 WITH TOTALS ORDER BY 2 DESC LIMIT 5",
  "SELECT * EXCEPT (masked_prompt) REPLACE (1 AS turn) FROM interactions WHERE status IN ('failed') AND org NOT IN (SELECT org FROM audit)",
  'SELECT a.org, row_number() OVER (PARTITION BY a.org ORDER BY a.started_at) FROM interactions AS a LEFT JOIN threats AS t USING (interaction_id) ARRAY JOIN rule_ids AS rule',
  "SELECT quantiles(0.5, 0.99)(latency_ms), uniqExactIf(agent_id, streaming), toStartOfInterval(now(), INTERVAL 1 HOUR), 'file(\\'x\\') INTO OUTFILE' FROM parapet.interactions",
  "SELECT arrayMap(x -> x + 1, [1, 2]), CAST(1 AS String), 1::Int8, CASE WHEN 1 THEN 2 END, (1, 2).1, SUBSTR('abc', 1, 2)",
  "SELECT * FROM numbers(3), view(SELECT 1), values('a Int8', 1)",
  'SELECT name FROM system.tables',
  'SELECT table_name FROM information_schema.tables',
  'SHOW TABLES',
  'SHOW DATABASES FORMAT JSON',
  'SHOW CREATE TABLE parapet.interactions',
  'DESCRIBE TABLE interactions',
  'EXISTS TABLE interactions',
  'EXPLAIN indexes = 1 SELECT count() FROM interactions',
  'SELECT 1 -- ; DROP TABLE interactions',
  'SELECT /* INTO OUTFILE */ 1 FORMAT JSONEachRow',
];

const ATTACKS: [string, string][] = [
  ['reads a file', "SELECT * FROM file('/etc/passwd', 'LineAsString')"],
  ['reads a file as a value', "SELECT file('/etc/passwd')"],
  ['reads a file in other letters', "SELECT * FROM FILE('/etc/passwd', 'LineAsString')"],
  ['reads a file in quotes', "SELECT * FROM `file`('/etc/passwd', 'LineAsString')"],
  ['reads a file behind a comment', "SELECT * FROM /* x */ file /* y */ ('/etc/passwd', 'LineAsString')"],
  ['reads a file in a CTE', "WITH x AS (SELECT * FROM file('/etc/passwd', 'LineAsString')) SELECT * FROM x"],
  ['reads a file in a subquery', "SELECT (SELECT any(line) FROM file('/etc/passwd', 'LineAsString'))"],
  ['reads a file in a UNION', "SELECT 'a' UNION ALL SELECT * FROM file('/etc/passwd', 'LineAsString')"],
  ['reads a file in IN', "SELECT 'a' IN (SELECT * FROM file('/etc/passwd', 'LineAsString'))"],
  ['reads a file in a JOIN', "SELECT * FROM interactions CROSS JOIN file('/etc/passwd', 'LineAsString')"],
  ['reads a file in a lambda', "SELECT arrayMap(x -> file(x), ['/etc/passwd'])"],
  ['reads a file in view()', "SELECT * FROM view(SELECT * FROM file('/etc/passwd', 'LineAsString'))"],
  ['reads a file in loop()', "SELECT * FROM loop(file('/etc/passwd', 'LineAsString')) LIMIT 1"],
  ['reads a file with APPLY', "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')"],
  ['reads a file in EXPLAIN', "EXPLAIN ESTIMATE SELECT * FROM file('/etc/passwd', 'LineAsString')"],
  ['describes a file', "DESCRIBE TABLE file('/etc/passwd')"],
  ['reads a file as a table', 'SELECT * FROM default.`/etc/passwd`'],
  ['reads a file as a table in IN', "SELECT 'a' IN default.`/etc/passwd`"],
  ['looks whether a file is there', 'EXISTS TABLE default.`/etc/passwd`'],
  ['describes a file as a table', 'DESCRIBE TABLE default.`/etc/passwd`'],
  ['shows a file as a table', 'SHOW CREATE TABLE default.`/etc/passwd`'],
  ['shows the columns of a file', 'SHOW COLUMNS FROM `/etc/passwd` FROM default'],
  ['reaches a URL', "SELECT * FROM url('http://127.0.0.1/', 'LineAsString')"],
  ['reaches S3', "SELECT * FROM s3('http://127.0.0.1/x', 'CSV')"],
  ['reaches HDFS', "SELECT * FROM hdfs('hdfs://127.0.0.1/x', 'CSV')"],
  ['reaches a host', "SELECT * FROM remote('127.0.0.1', system.one)"],
  ['reaches MySQL', "SELECT * FROM mysql('127.0.0.1:3306', 'a', 'b', 'c', 'd')"],
  ['reaches PostgreSQL', "SELECT * FROM postgresql('127.0.0.1:5432', 'a', 'b', 'c', 'd')"],
  ['opens SQLite', "SELECT * FROM sqlite('/tmp/x.db', 'a')"],
  ['runs a process', "SELECT * FROM executable('id', 'TSV', 'a String')"],
  ['reads input()', "SELECT * FROM input('a String')"],
  ['looks on a host for a column', "SELECT hasColumnInTable('127.0.0.1', 'system', 'one', 'dummy')"],
  ['asks a dictionary', "SELECT dictGet('d', 'a', 1)"],
  ['asks a model', "SELECT aiGenerate('x')"],
  ['merges tables by pattern', "SELECT * FROM merge(REGEXP('.*'), '.*')"],
  ['sleeps', 'SELECT sleep(3)'],
  ['reads a server setting', "SELECT getServerSetting('listen_host')"],
  ['reads ClickHouse’s own secrets', 'SELECT * FROM system.named_collections'],
  ['reads a stack', 'SELECT * FROM system.stack_trace'],
  ['reads a system table in IN', 'SELECT 1 IN system.stack_trace'],
  ['changes a setting', 'SELECT 1 SETTINGS max_threads = 1'],
  ['changes a setting in a subquery', "SELECT * FROM (SELECT 1 SETTINGS format_schema = 'x')"],
  ['writes a file', "SELECT 1 INTO OUTFILE '/tmp/parapet-guard-outfile'"],
  ['writes a file from EXPLAIN', "EXPLAIN SELECT 1 INTO OUTFILE '/tmp/parapet-guard-outfile'"],
  ['writes a file from SHOW', "SHOW TABLES INTO OUTFILE '/tmp/parapet-guard-outfile'"],
  ['writes a file from DESCRIBE', "DESCRIBE TABLE interactions INTO OUTFILE '/tmp/parapet-guard-outfile'"],
  ['writes a file behind a second statement', "SELECT 1; SELECT 2 INTO OUTFILE '/tmp/parapet-guard-outfile'"],
  ['writes a file behind a closing bracket', "SELECT 1) FORMAT Null; SELECT 2 INTO OUTFILE '/tmp/parapet-guard-outfile'; SELECT (1"],
  ['writes a file by a function', "INSERT INTO FUNCTION file('/tmp/parapet-guard-outfile', 'CSV', 'a Int8') SELECT 1"],
  ['inserts', "INSERT INTO interactions (org) VALUES ('x')"],
  ['inserts behind WITH', 'WITH x AS (SELECT 1) INSERT INTO interactions SELECT * FROM x'],
  ['drops', 'DROP TABLE interactions'],
  ['truncates', 'TRUNCATE TABLE interactions'],
  ['alters', 'ALTER TABLE interactions DELETE WHERE 1'],
  ['deletes', 'DELETE FROM interactions WHERE 1'],
  ['creates', 'CREATE TABLE x (a Int8) ENGINE = Memory'],
  ['creates a temporary table', 'CREATE TEMPORARY TABLE x (a Int8)'],
  ['creates a function', 'CREATE FUNCTION f AS x -> file(x)'],
  ['attaches', "ATTACH TABLE x FROM '/tmp'"],
  ['renames', 'RENAME TABLE interactions TO x'],
  ['sets', 'SET readonly = 0'],
  ['uses', 'USE default'],
  ['stops the system', 'SYSTEM SHUTDOWN'],
  ['kills', 'KILL QUERY WHERE 1'],
  ['grants', 'GRANT ALL ON *.* TO default'],
  ['backs up', "BACKUP TABLE interactions TO File('/tmp/x')"],
  ['optimizes', 'OPTIMIZE TABLE interactions'],
  ['checks', 'CHECK TABLE interactions'],
  ['explains an insert', "EXPLAIN INSERT INTO interactions (org) VALUES ('x')"],
  ['runs statements in parallel', 'SELECT 1 PARALLEL WITH DROP TABLE interactions'],
  [
    'hides a literal behind a name with line breaks',
    "SELECT 1 AS `a\nFunction plus (children 1)\n` INTO OUTFILE '/tmp/parapet-guard-outfile'",
  ],
  [
    'writes the tree’s lines itself',
    "SELECT `a (children 1)\n     Identifier b` FROM interactions INTO OUTFILE '/tmp/parapet-guard-outfile'",
  ],
];

describe('the guard', () => {
  it.each(READS)('lets pass: %s', async (sql) => {
    await expect(guard.check(ask, sql, {})).resolves.toMatch(/\S/);
  });

  it.each(ANALYST_QUERIES)('lets pass what analysts ask: $title', async ({ sql }) => {
    await expect(guard.check(ask, sql, {})).resolves.toMatch(/^SELECT/);
  });

  it.each(ATTACKS)('refuses what %s: %s', async (_, sql) => {
    await expect(guard.check(ask, sql, {})).rejects.toThrow();
    expect(existsSync('/tmp/parapet-guard-outfile')).toBe(false);
  });

  it('refuses a table that hides in a parameter', async () => {
    await expect(guard.check(ask, 'SELECT * FROM {t:Identifier}', { t: 'interactions' })).resolves.toMatch(/SELECT/);
    await expect(guard.check(ask, 'SELECT * FROM default.{t:Identifier}', { t: '/etc/passwd' })).rejects.toThrow(/default/);
  });

  it('gives back text without comments and without a second statement', async () => {
    await expect(guard.check(ask, 'SELECT 1 -- x\n', {})).resolves.toBe('SELECT 1');
  });

  it('never lets a file function pass, whatever stands around it', async () => {
    const around = fc.constantFrom(
      ' ',
      '/**/',
      '\n',
      '(',
      ')',
      '`',
      '"',
      "'",
      '--\n',
      ';',
      ',',
      'SELECT 1',
      'UNION ALL',
      'WITH x AS',
      'FROM',
      'x',
      '*',
      '::',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(around, { maxLength: 6 }), fc.array(around, { maxLength: 6 }), async (before, after) => {
        const sql = `SELECT ${before.join(' ')} file('${join(folder, 'secret.txt')}') ${after.join(' ')}`;
        const printed = await guard.check(ask, sql, {}).catch(() => undefined);
        // What passes has the function only inside a literal or a name, so it cannot give the file's content.
        if (printed !== undefined) expect(await ask(`SELECT * FROM (${printed}) FORMAT TSV`, {}).catch(() => '')).not.toMatch(/^secret/m);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
