/**
 * Writes the Grafana dashboards: `node infra/grafana/generate.ts`. A dashboard is a list of rows of panels here, and Grafana's own
 * JSON in `dashboards/`; a test fails when the two differ.
 */
import { writeFileSync } from 'node:fs';

type Unit = 'short' | 'ops' | 'ms' | 's' | 'bytes' | 'percentunit';

interface Panel {
  title: string;
  says: string;
  unit: Unit;
  /** PromQL, with the legend of its series. */
  queries: [expr: string, legend: string][];
  kind?: 'timeseries' | 'stat';
}

interface Dashboard {
  uid: string;
  title: string;
  rows: { title: string; panels: Panel[] }[];
}

const quantile = (q: number, metric: string, by: string) => `histogram_quantile(${q}, sum by (le, ${by}) (rate(${metric}_bucket[5m])))`;

const DELIVERY: Dashboard = {
  uid: 'parapet-delivery',
  title: 'Parapet: delivery',
  rows: [
    {
      title: 'The promise',
      panels: [
        {
          title: 'Interactions lost',
          says: 'Admitted and without a record. Stays 0.',
          unit: 'short',
          kind: 'stat',
          queries: [['sum(parapet_interactions_lost_total)', 'lost']],
        },
        {
          title: 'Oldest record not yet in a view',
          says: 'By view. What is not there yet waits in the log.',
          unit: 's',
          queries: [['max by (sink) (parapet_sink_oldest_unwritten_seconds)', '{{sink}}']],
        },
        {
          title: 'Consumer lag',
          says: 'Records between a group and the end of the log.',
          unit: 'short',
          queries: [['sum by (group) (parapet_consumer_lag_records)', '{{group}}']],
        },
      ],
    },
    {
      title: 'Spool',
      panels: [
        {
          title: 'Fill',
          says: 'At 100 % requests are refused rather than lost.',
          unit: 'percentunit',
          queries: [['parapet_spool_used_bytes / parapet_spool_max_bytes', '{{instance}}']],
        },
        {
          title: 'Not yet shipped',
          says: 'Records on the gateway’s disk that the event log does not have yet.',
          unit: 'short',
          queries: [['parapet_spool_unshipped_records', '{{instance}}']],
        },
        {
          title: 'In flight',
          says: 'Interactions admitted and not ended.',
          unit: 'short',
          queries: [['parapet_spool_in_flight', '{{instance}}']],
        },
      ],
    },
    {
      title: 'Processors and sinks',
      panels: [
        {
          title: 'Processed',
          says: 'Records a second, by processor and outcome.',
          unit: 'ops',
          queries: [['sum by (processor, outcome) (rate(parapet_processor_records_total[5m]))', '{{processor}} {{outcome}}']],
        },
        {
          title: 'Written',
          says: 'Records a second that a store has for good.',
          unit: 'ops',
          queries: [['sum by (sink) (rate(parapet_sink_records_total[5m]))', '{{sink}}']],
        },
        {
          title: 'Time of a write, p99',
          says: 'One batch in the store.',
          unit: 'ms',
          queries: [[quantile(0.99, 'parapet_sink_write_ms', 'sink'), '{{sink}}']],
        },
        {
          title: 'Records in a batch, median',
          says: 'Few and large is what stores like.',
          unit: 'short',
          queries: [[quantile(0.5, 'parapet_sink_batch_records', 'sink'), '{{sink}}']],
        },
        {
          title: 'Failed writes, tried again',
          says: 'A store that is away or refuses. Nothing is lost meanwhile.',
          unit: 'ops',
          queries: [['sum by (sink) (rate(parapet_sink_write_failures_total[5m]))', '{{sink}}']],
        },
        {
          title: 'Dead letters',
          says: 'Set aside with their reasons: parapet dead list.',
          unit: 'short',
          queries: [
            ['sum by (sink) (increase(parapet_sink_dead_letters_total[1h]))', '{{sink}}'],
            ['sum by (processor) (increase(parapet_processor_records_total{outcome="dead"}[1h]))', '{{processor}}'],
          ],
        },
      ],
    },
  ],
};

const TRAFFIC: Dashboard = {
  uid: 'parapet-traffic',
  title: 'Parapet: traffic',
  rows: [
    {
      title: 'Interactions',
      panels: [
        {
          title: 'By how they ended',
          says: 'Interactions a second.',
          unit: 'ops',
          queries: [['sum by (status) (rate(parapet_gateway_interactions_total[5m]))', '{{status}}']],
        },
        {
          title: 'By wire format',
          says: 'What clients speak.',
          unit: 'ops',
          queries: [['sum by (wire) (rate(parapet_gateway_interactions_total[5m]))', '{{wire}}']],
        },
        {
          title: 'Errors by code',
          says: 'docs/errors.md says what each means.',
          unit: 'ops',
          queries: [['sum by (code) (rate(parapet_gateway_interactions_total{code!=""}[5m]))', '{{code}}']],
        },
      ],
    },
    {
      title: 'Latency',
      panels: [
        {
          title: 'Whole interaction',
          says: 'From the request to the record of its end; mostly the vendor.',
          unit: 'ms',
          queries: [
            [quantile(0.5, 'parapet_gateway_latency_ms', 'wire'), 'p50 {{wire}}'],
            [quantile(0.99, 'parapet_gateway_latency_ms', 'wire'), 'p99 {{wire}}'],
          ],
        },
        {
          title: 'Of these, Parapet',
          says: 'Not spent waiting for the vendor.',
          unit: 'ms',
          queries: [
            [quantile(0.5, 'parapet_gateway_overhead_ms', 'wire'), 'p50 {{wire}}'],
            [quantile(0.99, 'parapet_gateway_overhead_ms', 'wire'), 'p99 {{wire}}'],
          ],
        },
        {
          title: 'Of these, guards',
          says: 'Inspection of request and answer.',
          unit: 'ms',
          queries: [
            [quantile(0.5, 'parapet_gateway_inspect_ms', 'wire'), 'p50 {{wire}}'],
            [quantile(0.99, 'parapet_gateway_inspect_ms', 'wire'), 'p99 {{wire}}'],
          ],
        },
      ],
    },
  ],
};

export const DASHBOARDS: readonly Dashboard[] = [DELIVERY, TRAFFIC];

const [COLUMNS, WIDTH, HEIGHT] = [3, 8, 8];

/** The dashboard in Grafana's own form. */
export function render({ uid, title, rows }: Dashboard): string {
  const panels: object[] = [];
  let y = 0;
  let id = 0;
  for (const row of rows) {
    panels.push({ id: ++id, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] });
    y += 1;
    row.panels.forEach((panel, i) => {
      const gridPos = { x: (i % COLUMNS) * WIDTH, y: y + Math.floor(i / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT };
      panels.push({ id: ++id, gridPos, ...renderPanel(panel) });
    });
    y += Math.ceil(row.panels.length / COLUMNS) * HEIGHT;
  }
  const dashboard = {
    uid,
    title,
    tags: ['parapet'],
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function renderPanel({ title, says, unit, queries, kind = 'timeseries' }: Panel): object {
  return {
    type: kind,
    title,
    description: says,
    datasource: { type: 'prometheus', uid: 'prometheus' },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(([expr, legendFormat], i) => ({ refId: String.fromCharCode(65 + i), expr, legendFormat })),
  };
}

if (import.meta.main) {
  for (const dashboard of DASHBOARDS) writeFileSync(new URL(`dashboards/${dashboard.uid}.json`, import.meta.url), render(dashboard));
}
