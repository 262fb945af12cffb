/**
 * The contents, the outline and the headings that they name. The pages of the contents are kept free first and written last, when
 * each heading knows its page: so the numbers are right, and links lead where they say.
 */
import { INK, LEADING, MUTED, type Paper, type Style } from './paper.ts';

export interface Entry {
  level: 1 | 2;
  title: string;
}

export interface Contents {
  /** In the order in which the contents were announced. */
  heading(level: 1 | 2, title: string): void;
  write(): void;
}

const STYLES: Readonly<Record<1 | 2, Style>> = { 1: { font: 'bold', size: 10 }, 2: { font: 'text', size: 8.5 } };
const HEADINGS: Readonly<Record<1 | 2, Style>> = { 1: { font: 'bold', size: 16 }, 2: { font: 'bold', size: 11 } };
const INDENT = { 1: 0, 2: 14 } as const;
const NUMBER_ROOM = 40;
/** Below a heading stands at least the beginning of what it names. */
const ROOM = 260;
const GAP = { 1: 6, 2: 2 } as const;

export function contentsFor(paper: Paper, title: string, entries: readonly Entry[]): Contents {
  const { doc } = paper;
  paper.page();
  const element = paper.open(paper.root, 'TOC');
  paper.paragraph(title, HEADINGS[1], { tag: 'H1', after: 10 });
  const places = entries.map(({ level, title: text }) => {
    const style = STYLES[level];
    const lines = paper.lines(text, style, paper.width - INDENT[level] - NUMBER_ROOM);
    const height = lines.length * style.size * LEADING;
    paper.need(GAP[level] + height);
    paper.y += GAP[level];
    const place = { page: paper.pageNumber(), y: paper.y, height, lines };
    paper.y += height;
    return place;
  });
  const last = paper.pageNumber();
  const found: number[] = [];
  let chapter: PDFKit.PDFOutline | undefined;

  return {
    heading(level, text) {
      const style = HEADINGS[level];
      paper.need(ROOM);
      if (found.length > 0 && paper.y > 80) paper.y += 8;
      doc.addNamedDestination(`entry-${found.length}`, 'XYZ', paper.left, paper.y - 6, null);
      if (level === 1) chapter = doc.outline.addItem(text, { expanded: false });
      else chapter?.addItem(text);
      found.push(paper.pageNumber());
      paper.paragraph(text, style, { tag: level === 1 ? 'H1' : 'H2', after: level === 1 ? 8 : 6 });
    },
    write() {
      if (found.length !== entries.length) throw new Error(`The contents name ${entries.length} headings, the report has ${found.length}.`);
      places.forEach(({ page, y, height, lines }, i) => {
        const level = entries[i]?.level ?? 1;
        const style = STYLES[level];
        const number = String(found[i]);
        doc.switchToPage(page - 1);
        const item = paper.open(element, 'TOCI');
        const link = paper.open(item, 'Link');
        paper.content(link, 'Link', () => {
          lines.forEach((line, j) => {
            paper.line(line, paper.left + INDENT[level], y + j * style.size * LEADING, style);
          });
          const right = paper.left + paper.width - paper.measure(number, style);
          paper.line(number, right, y + height - style.size * LEADING, { ...style, color: INK });
        });
        doc.goTo(paper.left, y, paper.width, height, `entry-${i}`, linkOptions(link, `${lines.join(' ')}, ${number}`));
        leader(paper, { level, y, height, style, line: lines.at(-1) ?? '', number });
      });
      element.end();
      doc.switchToPage(last);
    },
  };
}

/** PDFKit ties an annotation to its element by `structParent`, and writes a `String` as words, a plain string as a name. */
function linkOptions(structParent: PDFKit.PDFStructureElement, words: string): PDFKit.Mixins.AnnotationOption {
  const options = { structParent, Contents: new String(words) };
  return options as unknown as PDFKit.Mixins.AnnotationOption;
}

interface Leader {
  level: 1 | 2;
  y: number;
  height: number;
  style: Style;
  line: string;
  number: string;
}

/** Dots from the title to its number lead the eye; they are no content. */
function leader(paper: Paper, { level, y, height, style, line, number }: Leader): void {
  const from = paper.left + INDENT[level] + paper.measure(line, style) + 5;
  const to = paper.left + paper.width - paper.measure(number, style) - 5;
  if (to - from < 10) return;
  const at = y + height - style.size * 0.42;
  paper.artifact('Layout', () => {
    paper.doc.moveTo(from, at).lineTo(to, at).lineWidth(0.6).dash(0.6, { space: 3 }).stroke(MUTED).undash();
  });
}
