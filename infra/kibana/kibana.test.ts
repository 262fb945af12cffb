/** What Kibana imports is what generate.ts writes, holds together, and asks only for fields that the documents have. */
import { describe, expect, it } from 'vitest';
import { type ElasticsearchView, type FieldMapping, fieldsOf, TIME_FIELD, VIEWS } from '../../sinks/elasticsearch/documents.ts';
import { DASHBOARDS } from './dashboards.ts';
import { render } from './generate.ts';
import { columnsOf, type Exported, OBJECTS, ofType, panelsOf, parseQuery, type ShownPanel, TEXT } from './testing.ts';

const VIEW_NAMES = Object.keys(VIEWS) as ElasticsearchView[];
const viewOf = ({ id }: { id: string }) =>
  VIEW_NAMES.find((view) => id === `parapet-${view}` || id.startsWith(`parapet-${view}-`)) as ElasticsearchView;
const allPanels = ofType('dashboard').flatMap((dashboard) => panelsOf(dashboard).map((panel) => ({ dashboard, panel })));
const lensPanels = allPanels
  .filter(({ panel }) => panel.type === 'lens')
  .map(({ dashboard, panel }) => [`${dashboard.attributes['title']}: ${panel.title}`, dashboard, panel] as const);

const NUMBERS: FieldMapping['type'][] = ['integer', 'long', 'double'];
/** What an aggregation can be made over: never over text. */
const FIT: Record<string, FieldMapping['type'][]> = {
  terms: ['keyword', 'boolean', ...NUMBERS],
  date_histogram: ['date_nanos'],
  unique_count: ['keyword', 'boolean', 'date_nanos', ...NUMBERS],
  max: [...NUMBERS, 'date_nanos'],
};

describe('the file for Kibana', () => {
  it('is what generate.ts writes', () => {
    expect(TEXT).toBe(render());
  });

  it('is the same for other indices but for their prefix', () => {
    const changed = render('acme-')
      .split('\n')
      .filter((line, n) => line !== TEXT.split('\n')[n]);
    expect(changed.map((line) => (JSON.parse(line) as Exported).attributes['title'])).toEqual(VIEW_NAMES.map((view) => `acme-${view}-*`));
  });

  it('has objects of their own ids, in shapes that Kibana 8 knows', () => {
    expect(new Set(OBJECTS.map(({ type, id }) => `${type}/${id}`)).size).toBe(OBJECTS.length);
    expect(new Set(OBJECTS.map(({ type, typeMigrationVersion }) => `${type} ${typeMigrationVersion}`))).toEqual(
      new Set(['index-pattern 8.0.0', 'search 10.2.0', 'dashboard 10.2.0']),
    );
    for (const object of OBJECTS) {
      expect(object.coreMigrationVersion).toBe('8.8.0');
      expect(object).not.toHaveProperty('migrationVersion');
      expect(object.attributes['title']).toBeTruthy();
    }
  });

  it('refers only to what is in it, before it is referred to', () => {
    const known = new Set<string>();
    for (const { type, id, references } of OBJECTS) {
      expect(new Set(references.map(({ name }) => name)).size).toBe(references.length);
      for (const reference of references) expect(known, `${id} → ${reference.name}`).toContain(`${reference.type}/${reference.id}`);
      known.add(`${type}/${id}`);
    }
  });

  it('has a data view for each view, by the time of its events', () => {
    expect(ofType('index-pattern').map(({ attributes }) => [attributes['title'], attributes['timeFieldName']])).toEqual(
      VIEW_NAMES.map((view) => [`${view}-*`, TIME_FIELD]),
    );
  });
});

describe.each(ofType('dashboard').map((dashboard) => [dashboard.attributes['title'] as string, dashboard] as const))(
  '%s',
  (_, dashboard) => {
    const panels = panelsOf(dashboard);

    it('names what each panel needs as Kibana does, and nothing else', () => {
      const needed = panels.flatMap((panel) => {
        const own = panel.embeddableConfig.attributes?.references ?? [{ name: panel.panelRefName, type: 'search' }];
        return own.map(({ name, type }) => `${panel.panelIndex}:${name} ${type}`);
      });
      const controls = Object.keys(JSON.parse(dashboard.attributes.controlGroupInput?.panelsJSON ?? '{}'));
      const choices = controls.map((id) => `controlGroup_${id}:optionsListDataView index-pattern`);
      expect(dashboard.references.map(({ name, type }) => `${name} ${type}`)).toEqual([...needed, ...choices]);
    });

    it('has panels that fill the grid of 48 columns and do not overlap', () => {
      const taken = new Set<string>();
      let cells = 0;
      for (const { gridData, panelIndex } of panels) {
        const { x, y, w, h, i } = gridData;
        expect(i).toBe(panelIndex);
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(Math.min(w, h)).toBeGreaterThan(0);
        expect(x + w).toBeLessThanOrEqual(48);
        cells += w * h;
        for (let column = x; column < x + w; column++) for (let row = y; row < y + h; row++) taken.add(`${column}/${row}`);
      }
      expect(taken.size).toBe(cells);
      expect(cells % 48).toBe(0);
      expect(new Set(panels.map(({ panelIndex }) => panelIndex)).size).toBe(panels.length);
    });

    it('lets the reader choose by fields of few values', () => {
      const controls = Object.values(JSON.parse(dashboard.attributes.controlGroupInput?.panelsJSON ?? '{}')) as {
        explicitInput: { fieldName: string };
      }[];
      expect(controls.length).toBeGreaterThan(0);
      for (const { explicitInput } of controls) expect(fieldsOf(viewOf(dashboard))[explicitInput.fieldName]?.type).toBe('keyword');
    });
  },
);

describe('a panel', () => {
  it.each(lensPanels)('%s asks for fields that exist, in a way that their types allow', (_, dashboard, panel) => {
    const fields = fieldsOf(viewOf(dashboard));
    const columns = columnsOf(panel);
    expect(columns.length).toBeGreaterThan(0);
    for (const [, { operationType, sourceField, filter, dataType, isBucketed }] of columns) {
      if (operationType === 'count') expect(sourceField).toBe('___records___');
      else {
        expect(fields, sourceField).toHaveProperty(sourceField);
        expect(FIT[operationType], operationType).toContain(fields[sourceField]?.type);
        if (operationType === 'terms') expect(dataType).toBe(fields[sourceField]?.type === 'boolean' ? 'boolean' : 'string');
      }
      expect(isBucketed).toBe(operationType === 'terms' || operationType === 'date_histogram');
      for (const { field } of filter === undefined ? [] : parseQuery(filter.query)) expect(fields[field]?.type).toBe('keyword');
    }
  });

  it.each(lensPanels)('%s draws the columns that it has, each of them', (_, __, panel) => {
    const ids = columnsOf(panel).map(([id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, { params }] of columnsOf(panel)) if (params.orderBy) expect(ids).toContain(params.orderBy.columnId);
    expect(drawn(panel).sort()).toEqual([...ids].sort());
  });

  it.each(ofType('search').map((search) => [search.attributes['title'] as string, search] as const))(
    '%s shows fields that exist, the newest first',
    (_, search) => {
      const fields = fieldsOf(viewOf(search));
      for (const field of search.attributes.columns ?? []) expect(fields).toHaveProperty(field);
      expect(search.attributes.sort).toEqual([[TIME_FIELD, 'desc']]);
      const { searchSourceJSON } = search.attributes['kibanaSavedObjectMeta'] as unknown as { searchSourceJSON: string };
      const source = JSON.parse(searchSourceJSON) as { query: { query: string }; indexRefName: string };
      for (const { field } of parseQuery(source.query.query)) expect(fields[field]?.type).toBe('keyword');
      expect(search.references.map(({ name }) => name)).toEqual([source.indexRefName]);
    },
  );

  it('of the newest serious threats shows the masked prompt', () => {
    expect(ofType('search').find((search) => viewOf(search) === 'threats')?.attributes.columns).toContain('prompt');
  });
});

describe('the dashboards', () => {
  it('are one for each view', () => {
    expect(DASHBOARDS.map(({ view }) => view).sort()).toEqual([...VIEW_NAMES].sort());
  });
});

/** The columns that a visualisation names, wherever it does. */
function drawn({ embeddableConfig }: ShownPanel): string[] {
  const { visualizationType, state } = embeddableConfig.attributes as NonNullable<ShownPanel['embeddableConfig']['attributes']>;
  const visualization = state.visualization as Record<string, unknown>;
  const [layer] = (visualization['layers'] ?? []) as Record<string, unknown>[];
  switch (visualizationType) {
    case 'lnsMetric':
      return [visualization['metricAccessor'] as string];
    case 'lnsDatatable':
      return (visualization['columns'] as { columnId: string }[]).map(({ columnId }) => columnId);
    case 'lnsXY':
      return [layer?.['xAccessor'], layer?.['splitAccessor'], ...((layer?.['accessors'] ?? []) as string[])] as string[];
    case 'lnsPie':
      return [...((layer?.['primaryGroups'] ?? []) as string[]), ...((layer?.['metrics'] ?? []) as string[])];
    default:
      throw new Error(`The tests do not know ${visualizationType}.`);
  }
}
