import { expect, it } from 'vitest';
import type { Ensemble } from '../detection/model/ensemble.ts';
import type { Segment } from '../schemas/content.ts';
import { openClassifierOf, openDetector } from './index.ts';

const SETTINGS = { PARAPET_MODEL: 'full', PARAPET_MODEL_BUDGET_MS: 80, PARAPET_MODEL_LATE: 'open', PARAPET_MODEL_THREADS: 1 } as const;
/** Harmless, and one of the two texts in five that the classifier is asked about. */
const ASKED: Segment = {
  direction: 'request',
  role: 'user',
  kind: 'text',
  path: 'messages[0].parts[0]',
  text: 'Summarise the following minutes for the board in three sentences, name the owners, and keep the dates as they are. '.repeat(4),
};

it('remembers what the classifier said', { timeout: 60_000 }, async () => {
  const opened = await openDetector(SETTINGS);
  const { inspectFully } = opened.detector as Ensemble;
  const first = await inspectFully([ASKED], 60_000);
  expect(first.classifier).toBe('read');
  // No time is left to ask anybody.
  expect(await inspectFully([ASKED], 0)).toEqual(first);
  await opened.close();
});

it('asks again where nothing shall be remembered, as where its time is measured', { timeout: 60_000 }, async () => {
  const classifier = await openClassifierOf(SETTINGS);
  expect((await classifier.read([ASKED.text], 60_000)).kind).toBe('read');
  expect((await classifier.read([ASKED.text], 0)).kind).toBe('late');
  await classifier.close();
});
