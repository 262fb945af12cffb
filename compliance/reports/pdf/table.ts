/** Tables that break over pages: heads come again (as artifacts), rows stay whole where a page can hold them. */
import { LEADING, MUTED, type Paper, RULE, type Style } from './paper.ts';

export interface TableCell {
  text: string;
  style?: Partial<Style>;
}

export interface TableOptions {
  /** Without a head, the first cell of each row is its head. */
  head?: readonly string[];
  align?: readonly ('left' | 'right')[];
  rows: readonly (readonly TableCell[])[];
  size?: number;
  /** Told to readers who hear the page. */
  caption: string;
  /** Of columns, as shares of the whole; otherwise by what is in them. */
  shares?: readonly number[];
  /** The last row is a sum. */
  summed?: boolean;
  after?: number;
}

type Element = PDFKit.PDFStructureElement;
/** Where the painted lines of a cell go in the structure, or that they are an artifact. */
type Place = (column: number, paint: () => void) => void;

const PAD = { x: 4, y: 2.6 };
const ZEBRA = '#f5f6f8';
const HEAD = '#e6e9ee';

interface SetRow {
  cells: readonly { lines: readonly string[]; style: Style }[];
  /** Lines of its longest cell. */
  most: number;
}

interface Layout {
  paper: Paper;
  widths: readonly number[];
  align: readonly ('left' | 'right')[];
  leading: number;
}

export function table(paper: Paper, options: TableOptions): void {
  const { head, rows, size = 8, caption, summed = false, after = 12 } = options;
  const text: Style = { font: 'text', size };
  const bold: Style = { font: 'bold', size };
  const widths = options.shares?.map((share) => share * paper.width) ?? widthsOf(paper, options, text, bold);
  const layout: Layout = { paper, widths, align: options.align ?? widths.map(() => 'left'), leading: size * LEADING };
  const headRow =
    head === undefined
      ? null
      : setRow(
          layout,
          head.map((title) => ({ text: title })),
          bold,
        );
  const body = rows.map((cells, i) => {
    const named = head === undefined ? cells.map((cell, j) => (j === 0 ? { ...cell, style: { ...bold, color: MUTED } } : cell)) : cells;
    return setRow(layout, named, summed && i === rows.length - 1 ? bold : text);
  });
  // A head alone at the foot of a page says nothing.
  paper.need((headRow === null ? 0 : heightOf(headRow.most, layout)) + Math.min(heightOf(body[0]?.most ?? 0, layout), 120));

  const element = paper.open(paper.root, 'Table', { title: caption });
  if (headRow !== null) {
    const section = paper.open(element, 'THead');
    const row = paper.open(section, 'TR');
    paintHead(layout, headRow, (_, paint) => {
      const cell = paper.open(row, 'TH', { scope: 'Column' });
      paper.content(cell, 'TH', paint);
    });
    section.end();
  }
  const section = paper.open(element, 'TBody');
  const headAgain = (): void => {
    if (headRow !== null) paintHead(layout, headRow, (_, paint) => paper.artifact('Pagination', paint));
  };
  body.forEach((row, i) => {
    const shade = head !== undefined && i % 2 === 1 ? ZEBRA : null;
    bodyRow(layout, row, paper.open(section, 'TR'), { firstIsHead: head === undefined, shade, headAgain });
  });
  element.end();
  paper.y += after;
}

function setRow({ paper, widths }: Pick<Layout, 'paper' | 'widths'>, cells: readonly TableCell[], base: Style): SetRow {
  const set = cells.map((cell, i) => {
    const style = { ...base, ...cell.style };
    return { style, lines: paper.lines(cell.text, style, Math.max(8, (widths[i] ?? 0) - 2 * PAD.x)) };
  });
  return { cells: set, most: Math.max(1, ...set.map(({ lines }) => lines.length)) };
}

const heightOf = (lines: number, { leading }: Layout): number => lines * leading + 2 * PAD.y;

function paintHead(layout: Layout, row: SetRow, place: Place): void {
  paintLines(layout, row, { from: 0, count: row.most }, HEAD, place);
}

interface RowPlace {
  firstIsHead: boolean;
  shade: string | null;
  headAgain(): void;
}

function bodyRow(layout: Layout, row: SetRow, element: Element, { firstIsHead, shade, headAgain }: RowPlace): void {
  const { paper, leading } = layout;
  const cells = row.cells.map((_, i) => {
    const isHead = firstIsHead && i === 0;
    return { tag: isHead ? 'TH' : 'TD', element: paper.open(element, isHead ? 'TH' : 'TD', isHead ? { scope: 'Row' } : {}) };
  });
  const place: Place = (column, paint) => {
    const cell = cells[column];
    if (cell !== undefined) paper.content(cell.element, cell.tag, paint);
  };
  for (let from = 0; from < row.most; ) {
    const left = row.most - from;
    const room = Math.floor((paper.bottom - paper.y - 2 * PAD.y + 0.01) / leading);
    const page = Math.floor((paper.bottom - 100) / leading);
    // A row that a page can hold stays whole; a longer one goes on where it was cut, and never leaves a single line behind.
    if (left > room && (left <= page * 0.3 || room < 3)) {
      paper.need(Number.POSITIVE_INFINITY);
      headAgain();
      continue;
    }
    const count = Math.min(left, room);
    paintLines(layout, row, { from, count }, shade, place);
    from += count;
  }
  element.end();
}

function paintLines(
  layout: Layout,
  row: SetRow,
  { from, count }: { from: number; count: number },
  shade: string | null,
  place: Place,
): void {
  const { paper, widths, align, leading } = layout;
  const { doc } = paper;
  const height = heightOf(count, layout);
  const top = paper.y;
  const wide = widths.reduce((a, b) => a + b, 0);
  paper.artifact('Layout', () => {
    if (shade !== null) doc.rect(paper.left, top, wide, height).fill(shade);
    doc
      .moveTo(paper.left, top + height)
      .lineTo(paper.left + wide, top + height)
      .lineWidth(0.5)
      .stroke(RULE);
  });
  let x = paper.left;
  row.cells.forEach(({ lines, style }, column) => {
    const width = widths[column] ?? 0;
    const here = lines.slice(from, from + count);
    place(column, () => {
      here.forEach((line, i) => {
        const indent = align[column] === 'right' ? width - PAD.x - paper.measure(line, style) : PAD.x;
        // Fonts of one row may differ in size; their lines do not.
        paper.line(line, x + indent, top + PAD.y + i * leading + (leading - style.size * LEADING) / 2, style);
      });
    });
    x += width;
  });
  paper.y = top + height;
}

/** Between the longest word of a column and its longest text: what is left goes to those who want it. */
function widthsOf(paper: Paper, { head = [], rows }: TableOptions, text: Style, bold: Style): number[] {
  const count = Math.max(head.length, ...rows.map(({ length }) => length));
  const columns = Array.from({ length: count }, (_, i) => {
    const texts = [
      ...(head[i] === undefined ? [] : [{ text: head[i], style: bold }]),
      ...rows.map((row) => ({ text: row[i]?.text ?? '', style: { ...text, ...row[i]?.style } })),
    ];
    const words = Math.max(8, ...texts.map(({ text: whole, style }) => widest(paper, whole.split(/[ \n]/), style)));
    const whole = Math.max(8, ...texts.map(({ text: all, style }) => widest(paper, all.split('\n'), style)));
    return { least: Math.min(words, 110) + 2 * PAD.x + 1, most: Math.min(whole, 420) + 2 * PAD.x + 1 };
  });
  const least = columns.reduce((sum, column) => sum + column.least, 0);
  const most = columns.reduce((sum, column) => sum + column.most, 0);
  const spare = paper.width - least;
  // Too wide at its narrowest: each column gives way in proportion, and long words break.
  if (spare <= 0) return columns.map((column) => (column.least * paper.width) / least);
  // Small tables stay small: figures far from their names are misread.
  if (most <= paper.width) return columns.map((column) => column.most * Math.min(paper.width / most, 1.6));
  return columns.map((column) => column.least + (spare * (column.most - column.least)) / (most - least));
}

/** Of long texts the first pages tell enough. */
function widest(paper: Paper, parts: readonly string[], style: Style): number {
  return parts.slice(0, 60).reduce((most, part) => Math.max(most, paper.measure(part.slice(0, 160), style)), 0);
}
