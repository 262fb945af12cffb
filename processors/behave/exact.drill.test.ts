import { join } from 'node:path';
import { describeExactness } from '../testing/exact.ts';
import { BEHAVE } from './exact.suite.ts';

const embedded = { kind: 'embedded', where: (folder: string) => join(folder, 'log'), dispose: async () => {} } as const;

describeExactness({ ...embedded, events: 4_000, deaths: 5 }, BEHAVE);
