import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEventLog } from '../conformance.ts';
import { openEmbeddedLog } from './index.ts';

describeEventLog('embedded', async () => {
  const path = await mkdtemp(join(tmpdir(), 'parapet-log-'));
  const open = () => openEmbeddedLog({ path, topics: { 'parapet.a.v1': 4, 'parapet.b.v1': 4 } });
  return { topics: ['parapet.a.v1', 'parapet.b.v1'], open, reopen: open, dispose: () => rm(path, { recursive: true }) };
});
