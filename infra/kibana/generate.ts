/**
 * Writes what Kibana imports: `node infra/kibana/generate.ts` makes `parapet.ndjson`, and with a prefix as its argument it
 * prints the same for indices of that prefix. Data views, saved searches and dashboards, one a line, as Kibana exports them; a
 * test fails when the file is stale.
 */
import { writeFileSync } from 'node:fs';
import { type ElasticsearchView, TIME_FIELD, VIEWS } from '../../sinks/elasticsearch/documents.ts';
import { DASHBOARDS, type Dashboard, type Panel } from './dashboards.ts';
import { lens, type Reference, titled } from './lens.ts';

export interface SavedObject {
  attributes: Record<string, unknown>;
  coreMigrationVersion: string;
  id: string;
  managed: false;
  references: Reference[];
  type: 'index-pattern' | 'search' | 'dashboard';
  typeMigrationVersion: string;
}

/**
 * The shape that each kind is written in. Kibana brings older shapes up when it imports them and refuses newer ones than it
 * knows, so these are not the newest but those of Kibana 8.14, which every later one takes.
 */
const SHAPES = { 'index-pattern': '8.0.0', search: '10.2.0', dashboard: '10.2.0' } as const;

/** Of a panel’s own state, by which Kibana tells what to bring up in it. */
const PANEL_SHAPE = '8.9.0';

const NOTHING_ASKED = { query: { language: 'kuery', query: '' }, filter: [] };

/** The whole file, for indices with this prefix. */
export function render(prefix = ''): string {
  const dataViews = (Object.keys(VIEWS) as ElasticsearchView[]).map((view) => dataView(view, prefix));
  const searches = DASHBOARDS.flatMap((dashboard) => searchesOf(dashboard));
  return [...dataViews, ...searches, ...DASHBOARDS.map(dashboardObject)].map((object) => `${JSON.stringify(object)}\n`).join('');
}

function object(type: SavedObject['type'], id: string, attributes: Record<string, unknown>, references: Reference[] = []): SavedObject {
  return { attributes, coreMigrationVersion: '8.8.0', id, managed: false, references, type, typeMigrationVersion: SHAPES[type] };
}

const dataViewId = (view: ElasticsearchView) => `parapet-${view}`;
const searchId = (view: ElasticsearchView, title: string) => `parapet-${view}-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;

function dataView(view: ElasticsearchView, prefix: string): SavedObject {
  return object('index-pattern', dataViewId(view), {
    allowHidden: false,
    fieldAttrs: '{}',
    fieldFormatMap: '{}',
    fields: '[]',
    name: `Parapet: ${view}`,
    runtimeFieldMap: '{}',
    sourceFilters: '[]',
    timeFieldName: TIME_FIELD,
    title: `${prefix}${view}-*`,
    typeMeta: '{}',
  });
}

/** Panels of documents are saved searches: Lens sums up, and gives the words of a text field to nobody. */
function searchesOf({ view, title: owner, rows }: Dashboard): SavedObject[] {
  return rows
    .flatMap(({ panels }) => panels)
    .flatMap(({ title, says, chart }) => {
      if (chart.kind !== 'documents') return [];
      const source = {
        query: { language: 'kuery', query: chart.where },
        filter: [],
        indexRefName: 'kibanaSavedObjectMeta.searchSourceJSON.index',
      };
      const attributes = {
        columns: chart.columns,
        description: says,
        grid: {},
        hideChart: true,
        isTextBasedQuery: false,
        kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(source) },
        sort: [[TIME_FIELD, 'desc']],
        timeRestore: false,
        title: `${owner}: ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
        usesAdHocDataView: false,
      };
      const reference = { id: dataViewId(view), name: source.indexRefName, type: 'index-pattern' };
      return [object('search', searchId(view, title), attributes, [reference])];
    });
}

function dashboardObject({ view, title, says, choices, rows }: Dashboard): SavedObject {
  const panels: Record<string, unknown>[] = [];
  const references: Reference[] = [];
  let y = 0;
  for (const { height, panels: row } of rows) {
    let x = 0;
    for (const panel of row) {
      const i = `panel-${panels.length + 1}`;
      const { body, needs } = panelOf(panel, view, i);
      panels.push({ version: PANEL_SHAPE, gridData: { x, y, w: panel.width, h: height, i }, panelIndex: i, title: panel.title, ...body });
      // A dashboard names what its panels need with the panel's own id before it.
      references.push(...needs.map((need) => ({ ...need, name: `${i}:${need.name}` })));
      x += panel.width;
    }
    y += height;
  }
  references.push(
    ...choices.map((field) => ({ id: dataViewId(view), name: `controlGroup_${field}:optionsListDataView`, type: 'index-pattern' })),
  );
  const attributes = {
    controlGroupInput: controlGroup(choices),
    description: says,
    kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(NOTHING_ASKED) },
    optionsJSON: JSON.stringify({ useMargins: true, syncColors: true, syncCursor: true, syncTooltips: false, hidePanelTitles: false }),
    panelsJSON: JSON.stringify(panels),
    refreshInterval: { pause: true, value: 60_000 },
    timeFrom: 'now-7d',
    timeRestore: true,
    timeTo: 'now',
    title,
    version: 1,
  };
  return object('dashboard', dataViewId(view), attributes, references);
}

function panelOf(panel: Panel, view: ElasticsearchView, i: string): { body: Record<string, unknown>; needs: Reference[] } {
  if (panel.chart.kind === 'documents') {
    const name = `panel_${i}`;
    const needs = [{ id: searchId(view, panel.title), name, type: 'search' }];
    return { body: { type: 'search', embeddableConfig: { description: panel.says, enhancements: {} }, panelRefName: name }, needs };
  }
  const attributes = lens(panel, view, dataViewId(view));
  return { body: { type: 'lens', embeddableConfig: { attributes, enhancements: {} } }, needs: attributes['references'] as Reference[] };
}

function controlGroup(choices: string[]): Record<string, unknown> {
  const panels = choices.map((field, order) => {
    const explicitInput = { id: field, fieldName: field, title: titled(field), selectedOptions: [], enhancements: {} };
    return [field, { type: 'optionsListControl', order, grow: true, width: 'medium', explicitInput }];
  });
  const settings = { ignoreFilters: false, ignoreQuery: false, ignoreTimerange: false, ignoreValidations: false };
  return {
    chainingSystem: 'HIERARCHICAL',
    controlStyle: 'oneLine',
    ignoreParentSettingsJSON: JSON.stringify(settings),
    panelsJSON: JSON.stringify(Object.fromEntries(panels)),
  };
}

if (import.meta.main) {
  const prefix = process.argv[2];
  if (prefix === undefined) writeFileSync(new URL('parapet.ndjson', import.meta.url), render());
  else process.stdout.write(render(prefix));
}
