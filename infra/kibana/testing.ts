/** For tests: the checked-in file read back, and what each of its panels would ask Elasticsearch. */
import { readFileSync } from 'node:fs';

interface Reference {
  id: string;
  name: string;
  type: string;
}

export interface Exported {
  id: string;
  type: string;
  attributes: Record<string, string> & { columns?: string[]; sort?: [string, string][]; controlGroupInput?: { panelsJSON: string } };
  references: Reference[];
  coreMigrationVersion: string;
  typeMigrationVersion: string;
}

export interface Column {
  operationType: string;
  dataType: string;
  isBucketed: boolean;
  sourceField: string;
  params: { size?: number; orderBy?: { type: string; columnId: string }; interval?: string };
  filter?: { query: string; language: string };
}

export interface ShownPanel {
  type: string;
  title: string;
  panelIndex: string;
  panelRefName?: string;
  gridData: { x: number; y: number; w: number; h: number; i: string };
  embeddableConfig: {
    attributes?: {
      title: string;
      visualizationType: string;
      references: Reference[];
      state: {
        visualization: Record<string, unknown>;
        datasourceStates: { formBased: { layers: Record<string, { columns: Record<string, Column>; columnOrder: string[] }> } };
      };
    };
  };
}

export const TEXT = readFileSync(new URL('parapet.ndjson', import.meta.url), 'utf8');
export const OBJECTS = TEXT.trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Exported);
export const panelsOf = ({ attributes }: Exported) => JSON.parse(attributes['panelsJSON'] as string) as ShownPanel[];
export const ofType = (type: string) => OBJECTS.filter((object) => object.type === type);

/** The columns of a Lens panel in Kibana's order of nesting; none for a saved search. */
export function columnsOf({ embeddableConfig }: ShownPanel): [id: string, column: Column][] {
  const layers = Object.values(embeddableConfig.attributes?.state.datasourceStates.formBased.layers ?? {});
  return layers.flatMap(({ columns, columnOrder }) => columnOrder.map((id) => [id, columns[id] as Column] as [string, Column]));
}

/** `field: value` and `field: (a or b)`, joined by `or`: as much of Kibana's query language as the dashboards use. */
export function parseQuery(text: string): { field: string; values: string[] }[] {
  const clause = /^([\w.]+): (?:\(([\w. ]+)\)|([\w.]+))(?: or (?=\w+:)|$)/;
  const out: { field: string; values: string[] }[] = [];
  for (let rest = text; rest !== ''; ) {
    const [whole, field, many, one] = clause.exec(rest) ?? [];
    if (whole === undefined || field === undefined) throw new Error(`The tests do not know how to read: ${rest}`);
    out.push({ field, values: one === undefined ? (many ?? '').split(' or ') : [one] });
    rest = rest.slice(whole.length);
  }
  return out;
}

/** The same as Elasticsearch gets it from Kibana. */
export function toQuery(text: string): Record<string, unknown> {
  return { bool: { should: parseQuery(text).map(({ field, values }) => ({ terms: { [field]: values } })), minimum_should_match: 1 } };
}

/** The aggregations behind a Lens panel: buckets nested in the order of the columns, measures in the innermost. */
export function aggregationsOf(panel: ShownPanel): Record<string, unknown> {
  const columns = columnsOf(panel);
  const measures = Object.fromEntries(columns.filter(([, { isBucketed }]) => !isBucketed).map(([id, column]) => [id, measure(column)]));
  return columns
    .filter(([, { isBucketed }]) => isBucketed)
    .reduceRight<Record<string, unknown>>((inner, [id, column]) => ({ [id]: { ...bucket(column), aggs: inner } }), measures);
}

function bucket({ operationType, sourceField: field, params }: Column): Record<string, unknown> {
  if (operationType === 'date_histogram') return { date_histogram: { field, calendar_interval: 'day' } };
  if (operationType === 'terms') return { terms: { field, size: params.size } };
  throw new Error(`The tests do not know the operation ${operationType}.`);
}

function measure({ operationType, sourceField: field, filter }: Column): Record<string, unknown> {
  if (operationType === 'count') return { filter: filter === undefined ? { match_all: {} } : toQuery(filter.query) };
  if (operationType === 'unique_count') return { cardinality: { field } };
  if (operationType === 'max') return { max: { field } };
  throw new Error(`The tests do not know the operation ${operationType}.`);
}
