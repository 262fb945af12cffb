import { expect, it } from 'vitest';
import type { Ensemble } from '../detection/model/ensemble.ts';
import type { Segment } from '../schemas/content.ts';
import { openDetector } from './index.ts';

const SETTINGS = { PARAPET_MODEL: 'full', PARAPET_MODEL_BUDGET_MS: 80, PARAPET_MODEL_LATE: 'open', PARAPET_MODEL_THREADS: 1 } as const;
/** Harmless, and one of the two texts in five that the classifier is asked about. */
const ASKED: Segment = {
  direction: 'request',
  role: 'user',
  kind: 'text',
  path: 'messages[0].parts[0]',
  text: 'Summarise the following minutes for the board in three sentences, name the owners, and keep the dates as they are. '.repeat(4),
};

it.each([
  ['who remembers clean texts remembers what the classifier said', { remember: 1_000_000 }, 'read'],
  ['who remembers nothing asks again', {}, 'late'],
])('%s', { timeout: 60_000 }, async (_, options, again) => {
  const opened = await openDetector(SETTINGS, options);
  const { inspectFully } = opened.detector as Ensemble;
  const first = await inspectFully([ASKED], 60_000);
  expect(first.classifier).toBe('read');
  // No time is left to ask anybody.
  const second = await inspectFully([ASKED], 0);
  expect(second.classifier).toBe(again);
  if (again === 'read') expect(second).toEqual(first);
  await opened.close();
});
