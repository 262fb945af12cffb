import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { eraseSuite } from './erase.suite.ts';
import { openPostgres } from './index.ts';

const path = mkdtempSync(join(tmpdir(), 'parapet-pglite-erase-'));
afterAll(() => rmSync(path, { recursive: true, force: true }));

eraseSuite('PGlite', () => openPostgres({ path }));
