/**
 * `parapet drill record`: keeps in the audit log that something was broken on purpose, or restored, and what came of it. It takes
 * what the drill itself printed, so that nobody types figures: the JSON of `npm run chaos -- --json` and of
 * `parapet replay --json`, or of a restored backup `{"rows": 100, "lost": 0}`.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { ParapetError } from '../core/errors.ts';
import { auditRecord } from '../log/audit.ts';
import type { EventLog } from '../log/port.ts';
import type { Codec } from '../schemas/codec.ts';

export const DRILL_KINDS = ['chaos', 'restore', 'backup'] as const;
export type DrillKind = (typeof DRILL_KINDS)[number];

export interface DrillParts {
  log: EventLog;
  codec: Codec;
  org: string;
  /** Who records it. */
  actor: string;
}

export interface Drill {
  kind: DrillKind;
  target: string;
  passed: boolean;
  /** As they stand in the audit event. */
  figures: Record<string, string>;
  /** Of the file, hex. */
  sha256: string;
}

const count = () => z.number().int().min(0);
const chaos = z.object({
  figures: z.object({ faults: count(), lost: count(), duplicated: count(), accepted: count() }),
  seed: z.number().optional(),
});
const restore = z.object({ view: z.string().min(1), source: z.string().min(1), rows: count(), differences: count(), skipped: count() });
const backup = z.object({ rows: count(), lost: count(), name: z.string().min(1).default('backup') });

/** Throws PARAPET_INVALID_REQUEST when the file is not what such a drill prints. */
export async function recordDrill({ log, codec, org, actor }: DrillParts, kind: DrillKind, path: string): Promise<Drill> {
  const drill = readDrill(kind, path);
  const { target, passed, figures, sha256 } = drill;
  const details = { kind, passed: String(passed), ...figures, sha256, file: basename(path) };
  await log.append([auditRecord(codec, { org, actor, action: 'drill.recorded', target, details })]);
  return drill;
}

export function readDrill(kind: DrillKind, path: string): Drill {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw refused(`${path} cannot be read.`, cause);
  }
  const sha256 = hash('sha256', text);
  try {
    return { kind, sha256, ...outcomeOf(kind, lastJson(text)) };
  } catch (cause) {
    const says =
      cause instanceof z.ZodError ? cause.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') : String(cause);
    throw refused(`${path} is not what a ${kind} drill prints: ${says}`, cause);
  }
}

/** The whole file, or the last line of what was printed. */
function lastJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const line = text.split('\n').findLast((each) => each.startsWith('{'));
    return JSON.parse(line ?? '');
  }
}

function outcomeOf(kind: DrillKind, value: unknown): Pick<Drill, 'target' | 'passed' | 'figures'> {
  if (kind === 'chaos') {
    const { figures } = chaos.parse(value);
    const { faults, lost, duplicated, accepted } = figures;
    // Without faults or without traffic nothing was tried.
    return {
      target: 'chaos',
      passed: lost === 0 && duplicated === 0 && faults > 0 && accepted > 0,
      figures: texts({ faults, lost, duplicated, accepted }),
    };
  }
  if (kind === 'restore') {
    const { view, source, rows, differences, skipped } = restore.parse(value);
    return { target: view, passed: rows > 0, figures: { source, ...texts({ rows, differences, skipped }) } };
  }
  const { rows, lost, name } = backup.parse(value);
  return { target: name, passed: rows > 0 && lost === 0, figures: texts({ rows, lost }) };
}

const texts = (figures: Record<string, number>) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, String(value)]));

function refused(message: string, cause: unknown): ParapetError {
  return new ParapetError('PARAPET_INVALID_REQUEST', {
    message,
    hint: 'Give the JSON of npm run chaos -- --json (chaos), of parapet replay --json (restore), or {"rows": 100, "lost": 0} (backup).',
    cause,
  });
}
