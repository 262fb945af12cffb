/** Charts as vectors, each one figure in the structure, with its words for those who do not see it. */

import type { Chart, Tone } from '../charts.ts';
import { draw } from '../shapes.ts';
import { MUTED, type Paper, RULE, type Style } from './paper.ts';

/** Told apart without red and green eyes, too; each stands out from white by 3 to 1 at least. */
export const TONES: Readonly<Record<Tone, string>> = {
  pass: '#16785a',
  fail: '#b3261e',
  gap: '#b86e00',
  not_applicable: '#7b8494',
  one: '#2f5fb3',
  two: '#b86e00',
  three: '#7a3e9d',
  four: '#16785a',
  five: '#b3261e',
  six: '#7b8494',
};

const WORD: Style = { font: 'text', size: 7, color: MUTED };

export function figure(paper: Paper, chart: Chart, number: (value: number) => string): void {
  const { doc } = paper;
  const drawing = draw(chart, { width: paper.width, line: 10, measure: (text) => paper.measure(text, WORD), number });
  paper.need(drawing.height + 8);
  const [x0, y0] = [paper.left, paper.y];
  const bbox: [number, number, number, number] = [x0, y0, x0 + drawing.width, y0 + drawing.height];
  const element = paper.open(paper.root, 'Figure', { alt: chart.alt, bbox, placement: 'Block' });
  paper.content(element, 'Figure', () => {
    for (const shape of drawing.shapes) {
      if (shape.kind === 'rect') doc.rect(x0 + shape.x, y0 + shape.y, shape.width, shape.height).fill(TONES[shape.tone]);
      else if (shape.kind === 'line') {
        doc
          .moveTo(x0 + shape.x1, y0 + shape.y1)
          .lineTo(x0 + shape.x2, y0 + shape.y2)
          .lineWidth(0.5)
          .stroke(RULE);
      } else {
        const width = paper.measure(shape.text, WORD);
        const back = shape.anchor === 'start' ? 0 : shape.anchor === 'end' ? width : width / 2;
        paper.line(shape.text, x0 + shape.x - back, y0 + shape.y - WORD.size * 0.62, WORD);
      }
    }
  });
  element.end();
  paper.y = y0 + drawing.height + 14;
}
