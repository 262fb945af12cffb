/**
 * `parapet eval --record`: keeps in the audit log what an evaluation found, file by file, and whether it met the bounds that
 * somebody set. Without bounds it is recorded too, but proves only that somebody looked.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Report } from '../detection/evaluation/index.ts';
import { auditRecord } from '../log/audit.ts';
import type { EventLog } from '../log/port.ts';
import type { Codec } from '../schemas/codec.ts';

/** Shares of one. */
export interface QualityBounds {
  /** Of attacks, so many are noticed at least. */
  tprAlert?: number | undefined;
  /** Of harmless texts, so many raise an alert at most. */
  fprAlert?: number | undefined;
}

export interface RecordParts {
  log: EventLog;
  codec: Codec;
  org: string;
  actor: string;
}

/** All files or none. */
export async function recordEvaluation(parts: RecordParts, { files, layers, excluded }: Report, bounds: QualityBounds = {}): Promise<void> {
  const { log, codec, org, actor } = parts;
  const records = [];
  for (const { file, evaluation } of files) {
    const { attacks, benign, tprAlert, fprAlert, tprBlock, fprBlock } = evaluation;
    const details = {
      sha256: await sha256Of(file),
      ...{ attacks: String(attacks), benign: String(benign) },
      ...{ tprAlert: shareOf(tprAlert), fprAlert: shareOf(fprAlert), tprBlock: shareOf(tprBlock), fprBlock: shareOf(fprBlock) },
      layers: JSON.stringify(layers),
      ...(excluded.length === 0 ? {} : { excluded: excluded.join(' ') }),
      bounds: JSON.stringify(bounds),
      boundsMet: isMet(evaluation, bounds),
    };
    records.push(auditRecord(codec, { org, actor, action: 'detection.evaluated', target: basename(file), details }));
  }
  await log.append(records);
}

const shareOf = (share: number | null) => (share === null ? '' : share.toFixed(4));

/** A bound on what the file has no row of is not met: it was not tried. Empty without bounds. */
export function isMet(figures: { tprAlert: number | null; fprAlert: number | null }, { tprAlert, fprAlert }: QualityBounds): string {
  if (tprAlert === undefined && fprAlert === undefined) return '';
  const caught = tprAlert === undefined || (figures.tprAlert !== null && figures.tprAlert >= tprAlert);
  const quiet = fprAlert === undefined || (figures.fprAlert !== null && figures.fprAlert <= fprAlert);
  return String(caught && quiet);
}

async function sha256Of(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}
