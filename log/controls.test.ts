import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import { describeControls } from './controls.suite.ts';
import { embeddedTopics, openEmbeddedLog } from './embedded/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-controls-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

describeControls('embedded', async () => {
  const path = join(folder, `log-${++made}`);
  return {
    open: () => openEmbeddedLog({ path, topics: embeddedTopics(2) }),
    codec: await createCodec(await openFileRegistry(join(folder, 'registry'))),
  };
});
