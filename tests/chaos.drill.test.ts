/** The crash drill (`npm run chaos`) at a small size: the full one is bench/chaos.ts with 200 faults. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const DRILL = fileURLToPath(new URL('../bench/chaos.ts', import.meta.url));

describe('Parapet, killed and frozen at random moments under load', () => {
  it('loses nothing that a client saw and shows nothing twice, in log, ClickHouse and lake', async () => {
    const { code, output } = await run(['--faults', '6', '--seed', '11', '--clients', '6', '--json']);
    expect(code, output).toBe(0);
    const { figures, history } = JSON.parse(output.trim().split('\n').at(-1) ?? '') as {
      figures: Record<string, number>;
      history: { fault: string }[];
    };
    expect(figures).toMatchObject({ lost: 0, duplicated: 0, faults: 6 });
    expect(figures['accepted']).toBeGreaterThanOrEqual(figures['seen_whole'] as number);
    expect(figures['events']).toBe(figures['accepted']);
    expect(figures['rows']).toBe(figures['accepted']);
    expect(history).toHaveLength(6);
    expect(new Set(history.map((entry) => entry.fault)).size).toBeGreaterThan(1);
  }, 180_000);
});

function run(args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [DRILL, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
