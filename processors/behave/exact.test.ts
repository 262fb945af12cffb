import { join } from 'node:path';
import { describeExactness } from './exact.suite.ts';

describeExactness({ kind: 'embedded', where: (folder) => join(folder, 'log'), dispose: async () => {}, events: 4_000, deaths: 5 });
