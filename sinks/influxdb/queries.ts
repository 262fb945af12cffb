/** The questions of README.md as data, so that what is shown is what is tested. The bucket is `parapet`, as it is by default. */

export interface OperatorQuery {
  title: string;
  question: string;
  flux: string;
}

export const OPERATOR_QUERIES: readonly OperatorQuery[] = [
  {
    title: 'Calls a minute',
    question: 'How much is going on, and how does it end?',
    flux: `from(bucket: "parapet")
  |> range(start: -6h)
  |> filter(fn: (r) => r._measurement == "ai_interactions" and r._field == "events")
  |> group(columns: ["status"])
  |> aggregateWindow(every: 1m, fn: sum, createEmpty: false)`,
  },
  {
    title: 'Latency by vendor',
    question: 'How fast does each vendor answer, five minutes at a time?',
    flux: `from(bucket: "parapet")
  |> range(start: -6h)
  |> filter(fn: (r) => r._measurement == "ai_interactions" and r._field == "latency_ms" and r.status == "answered")
  |> group(columns: ["vendor"])
  |> aggregateWindow(every: 5m, fn: (tables=<-, column) => tables |> quantile(q: 0.99, method: "estimate_tdigest"), createEmpty: false)`,
  },
  {
    title: 'Failures by vendor',
    question: 'Which share of calls failed in the last hour?',
    flux: `calls = from(bucket: "parapet")
  |> range(start: -1h)
  |> filter(fn: (r) => r._measurement == "ai_interactions" and r._field == "events" and exists r.vendor)

calls
  |> map(fn: (r) => ({r with _value: if r.status == "failed" then 100.0 else 0.0}))
  |> group(columns: ["vendor"])
  |> mean()`,
  },
  {
    title: 'Spend by model',
    question: 'What did each model cost in the last 24 hours?',
    flux: `from(bucket: "parapet")
  |> range(start: -24h)
  |> filter(fn: (r) => r._measurement == "ai_interactions" and r._field == "cost_usd")
  |> group(columns: ["model"])
  |> sum()
  |> group()
  |> sort(columns: ["_value"], desc: true)`,
  },
  {
    title: 'Tokens by agent',
    question: 'Which agents use most tokens, and how many of them are cached?',
    flux: `from(bucket: "parapet")
  |> range(start: -24h)
  |> filter(fn: (r) => r._measurement == "ai_interactions")
  |> filter(fn: (r) => r._field == "prompt_tokens" or r._field == "completion_tokens" or r._field == "cached_tokens")
  |> group(columns: ["org", "agent_id", "_field"])
  |> sum()
  |> pivot(rowKey: ["org", "agent_id"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> sort(columns: ["prompt_tokens"], desc: true)
  |> limit(n: 10)`,
  },
  {
    title: 'Threats by agent',
    question: 'Whose traffic did detection find threats in, hour by hour?',
    flux: `from(bucket: "parapet")
  |> range(start: -24h)
  |> filter(fn: (r) => r._measurement == "ai_interactions" and r._field == "threats_detected" and r._value > 0)
  |> group(columns: ["org", "agent_id"])
  |> aggregateWindow(every: 1h, fn: sum, createEmpty: false)`,
  },
  {
    title: 'From a point to its event',
    question: 'Which interactions of the last hour were slowest?',
    flux: `from(bucket: "parapet")
  |> range(start: -1h)
  |> filter(fn: (r) => r._measurement == "ai_interactions" and (r._field == "latency_ms" or r._field == "interaction_id"))
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> sort(columns: ["latency_ms"], desc: true)
  |> keep(columns: ["_time", "interaction_id", "latency_ms", "vendor", "model", "agent_id"])
  |> limit(n: 10)`,
  },
  {
    title: 'Spend by agent over months',
    question: 'Which agents cost most in the last 90 days, by the hourly sums?',
    flux: `from(bucket: "parapet_hourly")
  |> range(start: -90d)
  |> filter(fn: (r) => r._measurement == "ai_interactions_hourly" and r._field == "cost_usd_sum")
  |> group(columns: ["org", "agent_id"])
  |> sum()
  |> group()
  |> sort(columns: ["_value"], desc: true)
  |> limit(n: 10)`,
  },
];
