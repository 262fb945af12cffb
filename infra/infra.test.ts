/** What lies in infra/ fits the code: metrics that alerts and dashboards ask for exist, and the generated files are not stale. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS, render } from './grafana/generate.ts';

const root = new URL('..', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

const rules = (parse(read('infra/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

/** Every metric that the code makes, with its labels as far as they stand in one place. */
function exposed(): Set<string> {
  const names = new Set<string>();
  const sources = execFileSync('git', ['ls-files', '*.ts', '--others', '--cached', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && !path.startsWith('infra/') && !path.endsWith('.test.ts'));
  for (const path of sources) {
    for (const [, kind, name] of read(path).matchAll(/\.(counter|gauge|histogram)\(\s*'(parapet_\w+)'/g)) {
      names.add(name as string);
      if (kind === 'histogram') for (const suffix of ['_bucket', '_sum', '_count']) names.add(`${name}${suffix}`);
    }
  }
  return names;
}

const asked = (expr: string) => expr.match(/parapet_\w+/g) ?? [];

describe('the alert rules', () => {
  const metrics = exposed();

  it('find the metrics of the code', () => {
    expect(metrics.size).toBeGreaterThan(20);
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s asks for metrics that exist and says what to do', (_, rule) => {
    for (const name of asked(rule.expr)) expect(metrics, name).toContain(name);
    expect(['page', 'ticket']).toContain(rule.labels['severity']);
    expect(rule.annotations['summary']).toBeTruthy();
    expect(rule.annotations['description']).toBeTruthy();
  });

  it('have names of their own', () => {
    expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
  });
});

describe('the dashboards', () => {
  it.each(DASHBOARDS.map((dashboard) => [dashboard.uid, dashboard] as const))(
    '%s is what generate.ts writes, of metrics that exist',
    (uid, dashboard) => {
      expect(read(`infra/grafana/dashboards/${uid}.json`)).toBe(render(dashboard));
      const metrics = exposed();
      for (const panel of dashboard.rows.flatMap((row) => row.panels)) {
        for (const [expr] of panel.queries) for (const name of asked(expr)) expect(metrics, name).toContain(name);
      }
    },
  );

  it('leave no file behind that nothing generates', () => {
    const files = readdirSync(new URL('infra/grafana/dashboards', root)).sort();
    expect(files).toEqual(DASHBOARDS.map(({ uid }) => `${uid}.json`).sort());
  });
});
