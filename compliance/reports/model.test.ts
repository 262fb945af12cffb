import { describe, expect, it } from 'vitest';
import type { Assessment } from '../types.ts';
import { reportOf } from './model.ts';
import { draw, ticksTo } from './shapes.ts';
import { sampleReport } from './testing.ts';

const noticesOf = (change: (assessment: Assessment) => Partial<Assessment>): readonly string[] => {
  const sample = sampleReport(10);
  return reportOf({ ...sample, assessment: { ...sample.assessment, ...change(sample.assessment) }, language: 'en' }).notices;
};

describe('what a report says', () => {
  it('counts each requirement once', () => {
    const sample = sampleReport(10);
    const { outcomes, outcomeTable, coverageTable, sections, exceptions } = reportOf({ ...sample, language: 'en' });
    expect(outcomes).toEqual({ pass: 11, fail: 13, gap: 13, not_applicable: 3 });
    expect(outcomeTable.rows.at(-1)).toEqual(['Total', '11', '13', '13', '3', '40']);
    expect(coverageTable.rows.at(-1)?.[1]).toBe('40');
    expect(sections.flatMap(({ requirements }) => requirements)).toHaveLength(40);
    expect(exceptions.map(({ outcome }) => outcome).filter((outcome) => outcome === 'gap')).toHaveLength(13);
    expect(exceptions).toHaveLength(26);
  });

  it('draws as many interactions as the books hold', () => {
    const sample = sampleReport(10);
    const { charts, notices } = reportOf({ ...sample, language: 'fr' });
    expect(charts.interactions?.total).toBe(sample.assessment.books?.accepted);
    expect(charts.threats?.total).toBe(5_265);
    expect(charts.outcomes.total).toBe(40);
    expect(notices).toEqual([]);
  });

  it('says that evidence has expired, and why there is none', () => {
    const { evidence } = reportOf({ ...sampleReport(10), language: 'en' });
    const of = (name: string) => evidence.find(({ collector }) => collector === name);
    expect(of('quarantines')?.facts.find(({ label }) => label === 'Valid until')?.value).toContain('expired before the assessment');
    expect(of('drills')?.gap).toContain('No drill was recorded since 1,000 days');
    expect(of('erasures')?.note).toContain('No rows');
    expect(of('latency')?.note).toBe('All 10 rows.');
  });
});

describe('totals that do not reconcile', () => {
  it('are told, each', () => {
    const books = { accepted: 330_730, events: 330_730, rows: 330_729, lake: 330_730, lost: 1, duplicated: 2 };
    expect(noticesOf(() => ({ books }))).toEqual([
      'The books differ: 330,730 accepted, 330,730 events in the log, 330,729 rows in the view, 330,730 rows in the lake.',
      '1 interactions were lost and 2 are there more than once.',
    ]);
    expect(noticesOf(({ interactions }) => ({ interactions: { ...interactions, count: 5 } }))[0]).toContain('proves 5 interactions');
    expect(noticesOf(() => ({ books: null, interactions: { count: 9, root: '' } }))[0]).toContain('adds up to 330,730, the books to 9');
    expect(noticesOf(({ checks }) => ({ checks: checks.slice(1) }))[0]).toContain('names the check logging.complete, which has no result');
    expect(noticesOf(({ evidence }) => ({ evidence: evidence.map((piece) => ({ ...piece, rowCount: 3 })) }))).toContain(
      'Evidence latency states 3 rows and holds 10.',
    );
  });

  it('keeps a requirement whose section the framework does not have', () => {
    const sample = sampleReport(10);
    const requirements = sample.assessment.requirements.map((requirement, i) =>
      i === 0 ? { ...requirement, section: 'NONE 9' } : requirement,
    );
    const { sections, notices, outcomeTable } = reportOf({
      ...sample,
      assessment: { ...sample.assessment, requirements },
      language: 'en',
    });
    expect(sections.at(-1)?.requirements).toHaveLength(1);
    expect(outcomeTable.rows.at(-1)?.at(-1)).toBe('40');
    expect(notices).toEqual([
      'The sections hold 39 requirements, the assessment 40.',
      'Requirement GOVERN 1.1 names the section NONE 9, which the framework does not have.',
    ]);
  });

  it('tells evidence whose rows were not given', () => {
    const sample = sampleReport(10);
    const evidence = sample.evidence.filter(({ collector }) => collector !== 'threats' && collector !== 'drills');
    const { notices, charts } = reportOf({ ...sample, evidence, language: 'en' });
    expect(notices).toEqual(['Evidence threats is in the assessment, but its rows were not given to this report.']);
    expect(charts.threats).toBeNull();
  });
});

describe('charts', () => {
  it('keep every bar within their edges, and its length true', () => {
    const { charts } = reportOf({ ...sampleReport(10), language: 'de' });
    for (const chart of [charts.outcomes, charts.interactions, charts.threats]) {
      if (chart === null) throw new Error('The sample has all charts.');
      const { width, height, shapes } = draw(chart, { width: 500, line: 10, measure: (text) => text.length * 4, number: String });
      const bars = shapes.flatMap((shape) => (shape.kind === 'rect' ? [shape] : []));
      for (const { x, y, width: wide, height: high } of bars) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x + wide).toBeLessThanOrEqual(width + 0.01);
        expect(y).toBeGreaterThanOrEqual(-0.01);
        expect(y + high).toBeLessThanOrEqual(height + 0.01);
      }
    }
    const threats = charts.threats;
    if (threats === null) throw new Error('The sample has threats.');
    const [first, second] = draw(threats, { width: 500, line: 10, measure: () => 20, number: String }).shapes.flatMap((shape) =>
      shape.kind === 'rect' ? [shape.width] : [],
    );
    expect((second ?? 0) / (first ?? 1)).toBeCloseTo(817 / 900, 5);
  });

  it('count their axis in round numbers beyond the highest', () => {
    expect(ticksTo(1)).toEqual([0, 1]);
    expect(ticksTo(13_661)).toEqual([0, 5_000, 10_000, 15_000]);
    expect(ticksTo(7)).toEqual([0, 2, 4, 6, 8]);
  });
});
