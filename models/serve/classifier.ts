/**
 * The classifier as the gateway and the processors ask it: off their event loop, with a deadline. Who asks too late, or
 * while too many wait, gets no answer but is told so; what follows from that is the policy's matter.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Classifier, ClassifierReading } from '../../detection/model/classifier.ts';
import { type ClassifierFolder, invalid, readClassifier } from './folder.ts';
import type { Answer, Question } from './worker.ts';

export interface ClassifierOptions {
  folder: string;
  attackLabels?: readonly string[];
  /** Threads, each with a copy of the graph. */
  threads?: number;
}

/** Questions under way in one thread above which a new one is refused: it would only be late. */
const MOST_WAITING = 64;
/** A thread that died is started again, not more often than this. */
const RESTART_MS = 1_000;

/** Resolves when every thread has loaded the graph; throws PARAPET_MODEL_INVALID when one can't. */
export async function openClassifier({ folder, attackLabels, threads = 1 }: ClassifierOptions): Promise<Classifier> {
  const description = readClassifier(folder, attackLabels);
  const lanes = await Promise.all(Array.from({ length: threads }, () => openLane(folder, description)));

  return {
    version: description.version,
    async read(texts, withinMs) {
      if (texts.length === 0) return { kind: 'read', readings: [] };
      const lane = lanes.reduce((a, b) => (b.waiting() < a.waiting() ? b : a));
      const answer = await lane.ask(texts, withinMs);
      if (answer.kind !== 'logits') return answer;
      return { kind: 'read', readings: texts.map((_, i) => readingOf(description, answer.logits, i)) };
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}

type LaneAnswer = { kind: 'logits'; logits: Float32Array } | { kind: 'late' } | { kind: 'failed'; reason: string };

interface Lane {
  waiting(): number;
  ask(texts: readonly string[], withinMs: number): Promise<LaneAnswer>;
  close(): Promise<void>;
}

async function openLane(folder: string, description: ClassifierFolder): Promise<Lane> {
  const asked = new Map<number, (answer: LaneAnswer) => void>();
  let next = 0;
  let closing = false;
  let worker: Worker | undefined = await start();

  async function start(): Promise<Worker> {
    const started = new Worker(new URL('./worker.ts', import.meta.url), { workerData: description, name: 'classifier' });
    // It must not keep a process alive that is done.
    started.unref();
    await new Promise<void>((resolve, reject) => {
      started.once('error', (error) => reject(invalid(folder, error.message, error)));
      started.once('message', (answer: Answer) => {
        if ('ready' in answer) resolve();
        else reject(invalid(folder, 'broken' in answer ? answer.broken : 'it answered before it was asked'));
      });
    }).catch(async (error: unknown) => {
      await started.terminate();
      throw error;
    });
    started.on('message', (answer: Answer) => {
      if (!('id' in answer)) return;
      const { id, logits, failed } = answer;
      settle(id, failed !== undefined ? { kind: 'failed', reason: failed } : logits ? { kind: 'logits', logits } : { kind: 'late' });
    });
    started.removeAllListeners('error');
    started.on('error', (error) => gone(error.message));
    started.once('exit', (code) => gone(`the thread ended with ${code}`));
    return started;
  }

  function settle(id: number, answer: LaneAnswer): void {
    asked.get(id)?.(answer);
    asked.delete(id);
  }

  function gone(reason: string): void {
    for (const id of [...asked.keys()]) settle(id, { kind: 'failed', reason });
    // A thread that breaks is said to be gone twice: by its fault and by its end.
    if (worker === undefined) return;
    worker = undefined;
    void startAgain();
  }

  async function startAgain(): Promise<void> {
    while (!closing && worker === undefined) {
      await sleep(RESTART_MS, undefined, { ref: false });
      if (!closing) worker = await start().catch(() => undefined);
    }
    // It was closed while the new one loaded.
    if (closing) await worker?.terminate();
  }

  return {
    waiting: () => asked.size,
    ask(texts, withinMs) {
      if (worker === undefined) return Promise.resolve({ kind: 'failed', reason: 'its thread is starting again' });
      if (asked.size >= MOST_WAITING) return Promise.resolve({ kind: 'late' });
      const id = next++;
      const target = worker;
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(id, { kind: 'late' }), withinMs);
        asked.set(id, (answer) => {
          clearTimeout(timer);
          resolve(answer);
        });
        target.postMessage({ id, texts: [...texts], deadline: Date.now() + withinMs } satisfies Question);
      });
    },
    async close() {
      closing = true;
      await worker?.terminate();
    },
  };
}

function readingOf({ labels, attackLabels, independent }: ClassifierFolder, logits: Float32Array, text: number): ClassifierReading {
  const mine = logits.subarray(text * labels.length, (text + 1) * labels.length);
  const named = Object.fromEntries(labels.map((name, i) => [name, mine[i] as number]));
  if (independent) return { logit: mine[attackLabels[0] as number] as number, labels: named };
  // Of labels that share one certainty: log-odds of the attacks together against the others together.
  const sum = (wanted: boolean) => logSumExp([...mine].filter((_, i) => attackLabels.includes(i) === wanted));
  return { logit: sum(true) - sum(false), labels: named };
}

function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
