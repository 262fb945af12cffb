import { join } from 'node:path';
import { describeExactness } from '../testing/exact.ts';
import { RESPOND } from './exact.suite.ts';

const embedded = { kind: 'embedded', where: (folder: string) => join(folder, 'log'), dispose: async () => {} } as const;

describeExactness({ ...embedded, events: 2_500, deaths: 4 }, RESPOND);
