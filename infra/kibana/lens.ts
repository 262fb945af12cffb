/**
 * A chart in the form in which Lens keeps it (Kibana 8.9 and later: a `formBased` state with one layer). Ids are names and not
 * random, so the same description makes the same file.
 */
import { type ElasticsearchView, fieldsOf, TIME_FIELD } from '../../sinks/elasticsearch/documents.ts';
import type { Chart, Measure, Panel } from './dashboards.ts';

export interface Reference {
  id: string;
  name: string;
  type: string;
}

type Column = Record<string, unknown>;

interface Drawing {
  visualizationType: 'lnsMetric' | 'lnsXY' | 'lnsPie' | 'lnsDatatable';
  columns: Record<string, Column>;
  visualization: Record<string, unknown>;
}

const LAYER = 'layer';
const DATA_LAYER = { layerId: LAYER, layerType: 'data' };
const COUNT: Measure = { label: 'Count', operation: 'count' };

/** The `attributes` of a Lens panel that is kept inside its dashboard. */
export function lens({ title, says, chart }: Panel, view: ElasticsearchView, dataView: string): Record<string, unknown> {
  const { visualizationType, columns, visualization } = draw(chart, view);
  const references: Reference[] = [{ id: dataView, name: `indexpattern-datasource-layer-${LAYER}`, type: 'index-pattern' }];
  return {
    title,
    description: says,
    visualizationType,
    type: 'lens',
    references,
    state: {
      visualization,
      query: { language: 'kuery', query: '' },
      filters: [],
      datasourceStates: {
        formBased: {
          layers: {
            [LAYER]: { columns, columnOrder: Object.keys(columns), incompleteColumns: {}, ignoreGlobalFilters: false, sampling: 1 },
          },
        },
        textBased: { layers: {} },
      },
      internalReferences: [],
      adHocDataViews: {},
    },
  };
}

/** Buckets stand before measures: Kibana nests them in the order of the columns. */
function draw(chart: Chart, view: ElasticsearchView): Drawing {
  switch (chart.kind) {
    case 'number':
      return {
        visualizationType: 'lnsMetric',
        columns: { measure: measured(chart.measure) },
        visualization: { ...DATA_LAYER, metricAccessor: 'measure' },
      };
    case 'timeline':
      return {
        visualizationType: 'lnsXY',
        columns: { split: terms(view, chart.split, 10), time: overTime(), measure: measured(COUNT) },
        visualization: axes('bar_stacked', { xAccessor: 'time', splitAccessor: 'split' }),
      };
    case 'bars':
      return {
        visualizationType: 'lnsXY',
        columns: { of: terms(view, chart.of, chart.size), split: terms(view, chart.split, 10), measure: measured(COUNT) },
        visualization: axes('bar_horizontal_stacked', { xAccessor: 'of', splitAccessor: 'split' }),
      };
    case 'donut':
      return {
        visualizationType: 'lnsPie',
        columns: { of: terms(view, chart.of, 10), measure: measured(COUNT) },
        visualization: {
          shape: 'donut',
          layers: [
            {
              ...DATA_LAYER,
              primaryGroups: ['of'],
              metrics: ['measure'],
              numberDisplay: 'percent',
              categoryDisplay: 'default',
              legendDisplay: 'default',
              nestedLegend: false,
            },
          ],
        },
      };
    case 'table': {
      const measures = chart.measures.map((one, i) => [i === 0 ? 'measure' : `measure${i}`, measured(one)] as const);
      const columns = { of: terms(view, chart.of, chart.size), ...Object.fromEntries(measures) };
      return {
        visualizationType: 'lnsDatatable',
        columns,
        visualization: { ...DATA_LAYER, columns: Object.keys(columns).map((columnId) => ({ columnId, isTransposed: false })) },
      };
    }
    case 'documents':
      throw new Error('Lens draws no documents: a saved search does.');
  }
}

function measured(measure: Measure): Column {
  const { label, operation } = measure;
  const common = { label, customLabel: true, dataType: 'number', isBucketed: false, scale: 'ratio', operationType: operation };
  if (operation !== 'count') return { ...common, sourceField: measure.field, params: { emptyAsNull: true } };
  const filter = measure.where === undefined ? {} : { filter: { query: measure.where, language: 'kuery' } };
  return { ...common, sourceField: '___records___', params: { emptyAsNull: false }, ...filter };
}

function overTime(): Column {
  return {
    label: TIME_FIELD,
    dataType: 'date',
    operationType: 'date_histogram',
    sourceField: TIME_FIELD,
    isBucketed: true,
    scale: 'interval',
    params: { interval: 'auto', includeEmptyRows: true, dropPartials: false },
  };
}

function terms(view: ElasticsearchView, field: string, size: number): Column {
  return {
    label: titled(field),
    customLabel: true,
    dataType: fieldsOf(view)[field]?.type === 'boolean' ? 'boolean' : 'string',
    operationType: 'terms',
    scale: 'ordinal',
    sourceField: field,
    isBucketed: true,
    params: {
      size,
      orderBy: { type: 'column', columnId: 'measure' },
      orderDirection: 'desc',
      otherBucket: true,
      missingBucket: false,
      parentFormat: { id: 'terms' },
      include: [],
      exclude: [],
      includeIsRegex: false,
      excludeIsRegex: false,
    },
  };
}

function axes(seriesType: string, accessors: { xAccessor: string; splitAccessor: string }): Record<string, unknown> {
  const layer = { ...DATA_LAYER, ...accessors, accessors: ['measure'], seriesType, position: 'top', showGridlines: false };
  return {
    legend: { isVisible: true, position: 'right' },
    valueLabels: 'hide',
    fittingFunction: 'None',
    axisTitlesVisibilitySettings: { x: false, yLeft: false, yRight: false },
    tickLabelsVisibilitySettings: { x: true, yLeft: true, yRight: true },
    labelsOrientation: { x: 0, yLeft: 0, yRight: 0 },
    gridlinesVisibilitySettings: { x: true, yLeft: true, yRight: true },
    preferredSeriesType: seriesType,
    layers: [layer],
  };
}

/** `agent_id` → `Agent id`. */
export function titled(field: string): string {
  return field.charAt(0).toUpperCase() + field.slice(1).replaceAll('_', ' ');
}
