/** The files of an evaluation: rows read line by line, whatever the bytes are, and reports written. */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { ParapetError } from '../core/errors.ts';
import { htmlReport, markdownReport, type Parsed, type Report, shown } from '../detection/evaluation/index.ts';

/** A line beyond this is no row but a file that is not jsonl. */
const MAX_LINE_BYTES = 64 << 20;
const NEWLINE = 10;

const WRITERS: Record<string, (report: Report) => string> = { '.html': htmlReport, '.md': markdownReport };

/** Every row of a file. Blank lines are passed over; a file without rows is a mistake, not a perfect score. */
export async function readRows<Row>(file: string, parse: (line: Uint8Array) => Parsed<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  let number = 0;
  try {
    for await (const line of linesOf(file)) {
      number++;
      if (isBlank(line)) continue;
      const parsed = parse(line);
      if ('problem' in parsed) throw refused(file, `line ${number} ${shown(parsed.problem)}`);
      rows.push(parsed.row);
    }
  } catch (cause) {
    if (cause instanceof ParapetError) throw cause;
    throw refused(file, `cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`, cause);
  }
  if (rows.length === 0) throw refused(file, 'holds no rows');
  return rows;
}

/** How reports may end. */
export const REPORT_ENDINGS = Object.keys(WRITERS);

/** In the form that the name's ending says. */
export async function writeReport(path: string, report: Report): Promise<void> {
  const write = WRITERS[extname(path)] ?? htmlReport;
  try {
    await writeFile(path, write(report));
  } catch (cause) {
    throw refused(path, `cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`, cause);
  }
}

async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...pieces, chunk.subarray(from, end)]);
      pieces = [];
      held = 0;
      from = end + 1;
    }
    held += chunk.length - from;
    if (held > MAX_LINE_BYTES) throw refused(file, `has a line of more than ${MAX_LINE_BYTES >> 20} MiB`);
    pieces.push(chunk.subarray(from));
  }
  if (held > 0) yield Buffer.concat(pieces);
}

/** Nothing but spaces, tabs and returns. */
function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 32 || byte === 9 || byte === 13);
}

function refused(file: string, says: string, cause?: unknown): ParapetError {
  return new ParapetError('PARAPET_EVALUATION_FILE', { message: `${shown(file)} ${says}.`, cause });
}
