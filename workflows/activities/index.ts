/** Every activity of a worker: those of a report for its own machine's queue, the others for all. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../core/durable.ts';
import type { EventLog } from '../../log/port.ts';
import type { Codec } from '../../schemas/codec.ts';
import type { Place } from '../contract.ts';
import type { Desks } from './desks.ts';
import { createIncidentActivities } from './incidents.ts';
import { createReportActivities } from './report.ts';
import { createSteps } from './step.ts';
import { type Chores, createUpkeepActivities } from './upkeep.ts';

export interface ActivityParts {
  desks: Desks;
  log: EventLog;
  codec: Codec;
  chores: Chores;
}

/** Work folders are on one disk: whoever works on it is the same machine, also after a restart under another name. */
export async function placeIdOf(evidenceFolder: string): Promise<string> {
  const path = join(evidenceFolder, 'machine-id');
  if (!existsSync(path)) {
    mkdirSync(evidenceFolder, { recursive: true, mode: 0o700 });
    await writeWhole(path, `${randomUUID()}\n`);
  }
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
}

export function createActivities({ desks, log, codec, chores }: ActivityParts, place: Place) {
  const step = createSteps();
  return {
    here: createReportActivities(desks, step),
    anywhere: {
      findPlace: async (): Promise<Place> => place,
      ...createUpkeepActivities(desks, step, chores),
      ...createIncidentActivities({ log, codec }, step),
    },
  };
}
