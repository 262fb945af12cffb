/**
 * Decides whether a statement only reads, and reads only what analysts may. ClickHouse's readonly mode does not: in it a
 * SELECT can still read the machine's files, reach other hosts and write files. The subtle point: nothing is decided on the
 * text. ClickHouse's own parser takes it as a *value* (which refuses a second statement and drops every comment), prints it
 * anew, and gives the syntax tree of what it printed; the tree is judged by what is allowed, and the printed text is what runs.
 */
import { ParapetError } from '../../../core/errors.ts';

/** Runs a statement in a read-only session and gives its answer as text. Rejects with ClickHouse's error. */
export type Ask = (sql: string, params: Record<string, unknown>) => Promise<string>;

export interface Guard {
  /**
   * The statement to run instead of `sql`. Throws PARAPET_QUERY_REFUSED, or what ClickHouse says of the syntax.
   * `params` are the values of `{name:Type}` placeholders, which can also stand for a table's name.
   */
  check(ask: Ask, sql: string, params: Record<string, unknown>): Promise<string>;
}

/** `database` is the one that unqualified names mean. Asks once for the functions that ClickHouse has. */
export async function createGuard(ask: Ask, database: string): Promise<Guard> {
  const allowed = await readFunctions(ask);
  return {
    async check(askNow, sql, params) {
      const printed = unescapeTsv(
        (await askNow('SELECT formatQuerySingleLine({statement:String}) FORMAT TSV', { statement: sql })).trimEnd(),
      );
      const kind = /^[(\s]*([A-Za-z]+)/.exec(printed)?.[1]?.toUpperCase() ?? '';
      // Only spares ClickHouse from explaining what is refused anyway; what passes here is still judged by its tree.
      if (!READING_WORDS.has(kind)) throw refused(`${kind === '' ? 'This' : kind} is not a statement that reads`);
      const tree = parseTree(await askNow(`EXPLAIN AST ${printed}`, params));
      judge(tree, { allowed, database });
      return printed;
    },
  };
}

const READING_WORDS = new Set(['SELECT', 'WITH', 'FROM', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN']);

/** What the root of the tree may be. */
const ROOTS = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'Explain',
  'DescribeQuery',
  'ExistsTableQuery',
  'ExistsViewQuery',
  'ExistsDatabaseQuery',
  'ShowTables',
  'ShowFunctions',
  'ShowProcesslistQuery',
  'ShowCreateTableQuery',
  'ShowCreateViewQuery',
]);

/** Every other kind of node that may occur. Not here on purpose: APPLY, whose function the tree does not name. */
const NODES = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'Identifier',
  'TableIdentifier',
  'Literal',
  'Function',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsRegexpMatcher',
  'ColumnsListMatcher',
  'QualifiedColumnsRegexpMatcher',
  'QualifiedColumnsListMatcher',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableJoin',
  'ArrayJoin',
  'Subquery',
  'WithElement',
  'OrderByElement',
  'InterpolateElement',
  'WindowDefinition',
  'WindowListElement',
  'SampleRatio',
  'Set',
]);

const TABLE_FUNCTIONS = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'values',
  'generateseries',
  'generate_series',
  'generaterandom',
  'null',
  'view',
]);

/** Of ClickHouse's own tables those that describe data and engine, and reach nothing outside. */
const SYSTEM_TABLES = new Set(
  'one numbers numbers_mt zeros zeros_mt databases tables columns parts parts_columns projections data_skipping_indices functions formats settings table_engines table_functions data_type_families aggregate_function_combinators time_zones contributors build_options licenses keywords processes metrics events asynchronous_metrics merges mutations errors'.split(
    ' ',
  ),
);

interface Node {
  kind: string;
  /** What follows the kind on its line: a name, a value. */
  text: string;
  depth: number;
  expected: number;
  children: Node[];
}

interface Rules {
  allowed: (name: string) => boolean;
  database: string;
}

function judge(root: Node, rules: Rules): void {
  if (!ROOTS.has(root.kind)) throw refused(`${root.kind} is not a statement that reads`);
  const visit = (node: Node, parent: Node | undefined): void => {
    if (parent !== undefined && !NODES.has(node.kind)) throw refused(`${node.kind} is not allowed`);
    switch (node.kind) {
      case 'Literal':
        // Literals stand in expressions and clauses. Hanging on a whole statement, one is the file of INTO OUTFILE.
        if (parent === undefined || ROOTS.has(parent.kind)) throw refused('INTO OUTFILE is not allowed');
        break;
      case 'Set':
        // EXPLAIN's own options are one too; a setting of the query would be refused by readonly mode, but is not named here.
        if (parent?.kind !== 'Explain') throw refused('SETTINGS in a query is not allowed: send them as parameters of the URL');
        break;
      case 'Function':
        if (parent?.kind === 'TableExpression') {
          if (!TABLE_FUNCTIONS.has(nameOf(node).toLowerCase())) throw refused(`the table function ${nameOf(node)} is not allowed`);
        } else if (!rules.allowed(nameOf(node))) throw refused(`the function ${nameOf(node)} is not allowed`);
        break;
      case 'TableIdentifier':
        checkTable(withoutAlias(node.text), rules, true);
        break;
      case 'Identifier':
        checkTable(withoutAlias(node.text), rules, false);
        break;
    }
    for (const child of node.children) visit(child, node);
  };
  visit(root, undefined);
  if (root.kind.startsWith('Exists') || root.kind.startsWith('ShowCreate')) {
    const names = root.children.filter((child) => child.kind === 'Identifier').map((child) => child.text);
    if (names.length > 1) checkTable(names.slice(0, 2).join('.'), rules, true);
  }
}

/**
 * `default` is refused as a database because in chDB it also shows the machine's files as tables. Other identifiers are
 * mostly columns, but `x IN name` names a table, so the same two databases are watched there.
 */
function checkTable(name: string, { database }: Rules, certain: boolean): void {
  const dot = name.indexOf('.');
  const first = dot < 0 ? '' : name.slice(0, dot);
  const rest = name.slice(dot + 1);
  if (!certain && name === 'default' && database !== 'default') throw refused('the database default is not allowed');
  if (first === '' || first === database) return;
  if (first.toLowerCase() === 'information_schema') return;
  if (first === 'system') {
    if (SYSTEM_TABLES.has(rest) || (!certain && SYSTEM_TABLES.has(rest.split('.')[0] ?? ''))) return;
    throw refused(`the table ${name} is not allowed`);
  }
  if (certain || first === 'default') throw refused(`the database ${first} is not allowed`);
}

function nameOf(node: Node): string {
  return node.text.split(' ')[0] ?? '';
}

function withoutAlias(text: string): string {
  return text.replace(/ \(alias .*\)$/s, '');
}

/**
 * The lines of EXPLAIN AST as a tree. A name in backquotes can hold a line break and so write lines of its own; but then
 * some node has more or fewer children than ClickHouse says, or there are two roots, and the statement is refused.
 */
function parseTree(explained: string): Node {
  const path: Node[] = [];
  let root: Node | undefined;
  for (const row of explained.trimEnd().split('\n')) {
    const match = /^( *)([A-Za-z_:]+)(.*)$/s.exec(unescapeTsv(row));
    if (match === null) throw refused('ClickHouse’s reading of the statement is not understood');
    const [, indent = '', kind = '', rest = ''] = match;
    const count = / \(children (\d+)\)$/.exec(rest);
    const text = (count === null ? rest : rest.slice(0, count.index)).trim();
    const node: Node = { kind, text, depth: indent.length, expected: Number(count?.[1] ?? 0), children: [] };
    path.length = Math.min(path.length, node.depth);
    const parent = path[node.depth - 1];
    if (node.depth === 0 ? root !== undefined : parent === undefined)
      throw refused('ClickHouse’s reading of the statement is not understood');
    root ??= node;
    parent?.children.push(node);
    path[node.depth] = node;
  }
  if (root === undefined) throw refused('ClickHouse’s reading of the statement is not understood');
  const verify = (node: Node): void => {
    if (node.children.length !== node.expected) throw refused('ClickHouse’s reading of the statement is not understood');
    for (const child of node.children) verify(child);
  };
  verify(root);
  return root;
}

/** Whole categories that only compute. Dictionaries, models, introspection and what a new version adds stay out. */
const CATEGORIES = new Set(
  'Logical,Financial,Conditional,Encryption,Time Window,Rounding,Null,String Replacement,String Splitting,UUID,Bit,Encoding,Bitmap,Random Number,Distance,Tuple,IP Address,Comparison,Map,Geo,Geo Polygon,Arithmetic,URL,Mathematical,JSON,String Search,Hash,String,Arrays,Dates and Times,Type Conversion,Array'.split(
    ',',
  ),
);
const OTHERS =
  'bar,digits,transform,identity,materialize,ignore,finalizeAggregation,byteSize,toTypeName,visibleWidth,formatReadableSize,formatReadableDecimalSize,formatReadableQuantity,formatReadableTimeDelta,parseTimeDelta,parseReadableSize,currentDatabase,currentUser,version,uptime,hostName,timezone,serverTimezone,rowNumberInBlock,rowNumberInAllBlocks,runningDifference,neighbor,countDigits,isConstant,getSubcolumn,variantElement,variantType,dynamicElement,isDecimalOverflow,arrayJoin,grouping,queryID,lambda,_CAST,exists,in,notIn,throwIf'.split(
    ',',
  );
const COMBINATORS = /(If|Array|Map|Distinct|OrDefault|OrNull|SimpleState|State|Merge|MergeState|ForEach|ArgMin|ArgMax|Resample)$/;

/** Names that may be called, by ClickHouse's own list: functions of the categories above and all aggregates. */
async function readFunctions(ask: Ask): Promise<(name: string) => boolean> {
  const text = await ask(
    `SELECT name, alias_to, is_aggregate, categories, case_insensitive FROM system.functions WHERE origin = 'System' FORMAT JSONCompactEachRow`,
    {},
  );
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as [string, string, number, string, number]);
  const plain = new Set(OTHERS.map((name) => name.toLowerCase()));
  const aggregates = new Set<string>();
  for (const [name, alias, isAggregate, categories] of rows) {
    if (alias !== '') continue;
    const own = categories.split(',').map((category) => category.trim());
    if (isAggregate !== 0) aggregates.add(name.toLowerCase());
    else if (own.some((category) => category !== '') && own.every((category) => CATEGORIES.has(category))) plain.add(name.toLowerCase());
  }
  for (const [name, alias, isAggregate] of rows) {
    if (alias === '') continue;
    const target = isAggregate === 0 ? plain : aggregates;
    if (target.has(alias.toLowerCase())) target.add(name.toLowerCase());
  }
  const known = new Set(rows.map(([name]) => name.toLowerCase()));
  return (name) => {
    const lower = name.toLowerCase();
    if (plain.has(lower) || aggregates.has(lower)) return true;
    if (known.has(lower)) return false;
    for (let base = name; COMBINATORS.test(base); ) {
      base = base.replace(COMBINATORS, '');
      if (aggregates.has(base.toLowerCase())) return true;
    }
    return false;
  };
}

function unescapeTsv(text: string): string {
  return text.replace(/\\(.)/gs, (_, char: string) => ({ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0' })[char] ?? char);
}

function refused(what: string): ParapetError {
  return new ParapetError('PARAPET_QUERY_REFUSED', { message: `PARAPET_QUERY_REFUSED: ${what}.` });
}
