/**
 * Pages, fonts and tags of a PDF. PDFKit is never let to break a line or a page by itself: each piece of text is set line by
 * line, so that what stands on a page and how it is tagged are decided in one place. Whatever is not content (rules, backgrounds,
 * repeated heads, page numbers) is an artifact, which readers that speak pass over.
 */
import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import { told } from '../signs.ts';

export interface Style {
  font: 'text' | 'bold' | 'mono';
  size: number;
  color?: string;
}

type Element = PDFKit.PDFStructureElement;
/** PDFKit knows them, its types do not. */
export interface TagOptions extends PDFKit.Mixins.StructureElementOptions {
  scope?: 'Column' | 'Row';
  bbox?: [number, number, number, number];
  placement?: 'Block';
}

export const INK = '#1a1f27';
export const MUTED = '#4b5563';
export const RULE = '#c9ced6';
export const MARGIN = { side: 48, top: 64, bottom: 56 };
export const LEADING = 1.36;

const FONTS = {
  text: 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf',
  bold: 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf',
  mono: 'dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf',
} as const;

export interface PaperOptions {
  title: string;
  author: string;
  language: string;
  /** ISO 8601; the date of the document, since a clock would make other bytes each time. */
  at: string;
}

export interface Paper {
  readonly doc: PDFKit.PDFDocument;
  /** Of the structure tree. */
  readonly root: Element;
  /** Left edge, width of the text, lowest line, of the page that is open. */
  readonly left: number;
  readonly width: number;
  readonly bottom: number;
  y: number;
  page(layout?: 'portrait' | 'landscape'): void;
  /** A new page when less than this is left. */
  need(height: number): void;
  pageNumber(): number;
  measure(text: string, style: Style): number;
  lines(text: string, style: Style, width: number): string[];
  /** One line, of which nothing is broken. */
  line(text: string, x: number, y: number, style: Style): void;
  open(parent: Element, tag: string, options?: TagOptions): Element;
  /** Marks what `paint` draws on this page as content of the element. */
  content(element: Element, tag: string, paint: () => void): void;
  artifact(type: 'Layout' | 'Pagination', paint: () => void): void;
  /** Lines under each other, over as many pages as they need. */
  flow(element: Element, tag: string, lines: readonly string[], style: Style, indent?: number): void;
  paragraph(text: string, style: Style, options?: { tag?: string; after?: number; indent?: number }): void;
  end(): Promise<Uint8Array>;
}

export function paper({ title, author, language, at }: PaperOptions): Paper {
  const assessed = new Date(at);
  const doc = new PDFDocument({
    size: 'A4',
    autoFirstPage: false,
    bufferPages: true,
    pdfVersion: '1.7',
    tagged: true,
    displayTitle: true,
    lang: language,
    margin: 0,
    info: { Title: title, Author: author, Creator: author, Producer: author, CreationDate: assessed, ModDate: assessed },
  });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => doc.on('end', resolve).on('error', reject));
  const { resolve } = createRequire(import.meta.url);
  for (const [name, path] of Object.entries(FONTS)) doc.registerFont(name, resolve(path));
  const write = writable(doc);
  const root = doc.struct('Document');
  doc.addStructure(root);
  let pages = 0;

  const self: Paper = {
    doc,
    root,
    left: MARGIN.side,
    y: 0,
    get width() {
      return doc.page.width - 2 * MARGIN.side;
    },
    get bottom() {
      return doc.page.height - MARGIN.bottom;
    },
    page(layout = 'portrait') {
      if (pages > 0) compact(doc.page);
      doc.addPage({ size: 'A4', layout, margin: 0 });
      // The order of tabs is that of the structure, as readers of tagged documents expect.
      Object.assign(doc.page.dictionary.data, { Tabs: 'S' });
      pages++;
      self.y = MARGIN.top;
    },
    need(height) {
      if (self.y + height > self.bottom) self.page(doc.page.layout === 'landscape' ? 'landscape' : 'portrait');
    },
    pageNumber: () => pages,
    measure: (text, style) => write.measure(write.clean(text, style), style),
    lines: (text, style, width) => write.lines(text, style, width),
    line(text, x, y, style) {
      doc
        .font(style.font)
        .fontSize(style.size)
        .fillColor(style.color ?? INK)
        .text(text, x, y, { lineBreak: false });
    },
    open(parent, tag, options = {}) {
      const element = doc.struct(tag, options);
      parent.add(element);
      return element;
    },
    content(element, tag, paint) {
      const content = doc.markStructureContent(tag);
      paint();
      doc.endMarkedContent();
      element.add(content);
    },
    artifact(type, paint) {
      doc.markContent('Artifact', { type });
      paint();
      doc.endMarkedContent();
    },
    flow(element, tag, lines, style, indent = 0) {
      const height = style.size * LEADING;
      for (let at = 0; at < lines.length; ) {
        self.need(height);
        const fit = Math.max(1, Math.floor((self.bottom - self.y + 0.01) / height));
        const here = lines.slice(at, at + fit);
        self.content(element, tag, () => {
          for (const line of here) {
            self.line(line, self.left + indent, self.y, style);
            self.y += height;
          }
        });
        at += here.length;
      }
    },
    paragraph(text, style, { tag = 'P', after = 6, indent = 0 } = {}) {
      const element = self.open(root, tag);
      self.flow(element, tag, self.lines(text, style, self.width - indent), style, indent);
      element.end();
      self.y += after;
    },
    async end() {
      root.end();
      doc.end();
      await ended;
      return new Uint8Array(Buffer.concat(chunks));
    },
  };
  return self;
}

/** After these a long word may break. */
const SEAM = /[-/._,:;)=&?]/;

/** What can be set, and where its lines break. Widths of words are remembered: the same ones come again and again. */
function writable(doc: PDFKit.PDFDocument) {
  const widths = new Map<string, number>();
  const glyphs = new Map<string, boolean>();

  const measure = (text: string, style: Style): number => {
    const key = `${style.font}${style.size} ${text}`;
    let width = widths.get(key);
    if (width === undefined) {
      width = doc.font(style.font).fontSize(style.size).widthOfString(text);
      if (widths.size > 50_000) widths.clear();
      widths.set(key, width);
    }
    return width;
  };

  const has = (sign: string, { font }: Style): boolean => {
    const key = font + sign;
    let known = glyphs.get(key);
    if (known === undefined) {
      doc.font(font);
      known = faceOf(doc).hasGlyphForCodePoint(sign.codePointAt(0) ?? 0);
      glyphs.set(key, known);
    }
    return known;
  };

  /** A sign that the font lacks is told by its code, so that two names never look the same. */
  const clean = (text: string, style: Style): string => {
    if (/^[\x20-\x7e\n]*$/.test(text)) return text;
    let out = '';
    for (const sign of text.replace(/\r\n?/g, '\n').replaceAll('\t', ' ')) {
      const code = sign.codePointAt(0) ?? 0;
      if (sign === '\n' || (code >= 0x20 && code !== 0x7f && has(sign, style))) out += sign;
      else out += told(sign);
    }
    return out;
  };

  /** As many signs of a long word as fit, at a seam if there is one in the second half. */
  const part = (word: string, style: Style, width: number): string => {
    const signs = [...word];
    let low = 1;
    for (let high = signs.length; low < high; ) {
      const middle = Math.ceil((low + high) / 2);
      if (doc.font(style.font).fontSize(style.size).widthOfString(signs.slice(0, middle).join('')) <= width) low = middle;
      else high = middle - 1;
    }
    for (let at = low; at > low / 2; at--) if (SEAM.test(signs[at - 1] ?? '')) return signs.slice(0, at).join('');
    return signs.slice(0, low).join('');
  };

  const lines = (text: string, style: Style, width: number): string[] => {
    const out: string[] = [];
    const space = measure(' ', style);
    for (const paragraph of clean(text, style).split('\n')) {
      let line = '';
      let used = 0;
      for (const whole of paragraph.split(' ').filter((word) => word !== '')) {
        let word = whole;
        while (measure(word, style) > width) {
          if (line !== '') out.push(line);
          const head = part(word, style, width);
          out.push(head);
          word = word.slice(head.length);
          line = '';
          used = 0;
        }
        const wide = measure(word, style);
        if (line !== '' && used + space + wide > width) {
          out.push(line);
          line = word;
          used = wide;
        } else {
          used += wide + (line === '' ? 0 : space);
          line = line === '' ? word : `${line} ${word}`;
        }
      }
      out.push(line);
    }
    return out;
  };

  return { measure, clean, lines };
}

/** Pages stay open until their numbers are known, and PDFKit keeps each stroke of them in an array of its own: here they are one. */
function compact(page: PDFKit.PDFPage): void {
  const content = page.content as unknown as { buffer: Uint8Array[] };
  content.buffer = [new Uint8Array(Buffer.concat(content.buffer))];
}

interface Face {
  hasGlyphForCodePoint(code: number): boolean;
}

/** The font in use as fontkit sees it: PDFKit keeps it to itself, and has no other way to ask what it can draw. */
function faceOf(doc: PDFKit.PDFDocument): Face {
  return (doc as unknown as { _font: { font: Face } })._font.font;
}
