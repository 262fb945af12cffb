/**
 * The classifier as the gateway and the processors ask it: off their event loop, with a deadline. Who could not be
 * answered in time is told so at once, not after having waited; what follows from that is the policy's matter. So under
 * more load than it can read, it reads as much as it can, and the others lose no time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Classifier, ClassifierReading } from '../../detection/model/classifier.ts';
import { createAnswers } from './answers.ts';
import { type ClassifierFolder, invalid, readClassifier } from './folder.ts';
import type { Answer, Question, Read } from './worker.ts';

export interface ClassifierOptions {
  folder: string;
  attackLabels?: readonly string[];
  /** Threads, each with a copy of the graph. */
  threads?: number;
  /** So many texts need not be read again when they come again; 0 for none. */
  remember?: number;
}

/** Questions under way in one thread above which a new one is refused, however long it would wait. */
const MOST_WAITING = 64;
/** How much the latest answer counts in what a character is thought to take. */
const NEWEST = 0.2;
/** Of the time that a question has, so much may be spoken for: what it takes beside other work is a guess. */
const CERTAIN = 0.75;
/** A text costs about as much as its characters, but for those that no longer fit, and what one without any costs. */
const MOST_CHARS = 512;
const LEAST_CHARS = 32;
/** A thread that died is started again, not more often than this. */
const RESTART_MS = 1_000;

/** Resolves when every thread has loaded the graph; throws PARAPET_MODEL_INVALID when one can't. */
export async function openClassifier({ folder, attackLabels, threads = 1, remember = 0 }: ClassifierOptions): Promise<Classifier> {
  const description = readClassifier(folder, attackLabels);
  const answers = createAnswers(remember);
  const width = description.labels.length;
  const learn = (texts: readonly string[], logits: Float32Array): void => {
    texts.forEach((text, i) => {
      answers.add(text, logits.slice(i * width, (i + 1) * width));
    });
  };
  const lanes = await Promise.all(Array.from({ length: threads }, () => openLane(folder, description, learn)));

  return {
    version: description.version,
    async read(texts, withinMs) {
      const known = texts.map(answers.find);
      const unknown = texts.filter((_, i) => known[i] === undefined);
      if (unknown.length > 0) {
        const lane = lanes.reduce((a, b) => (b.waiting() < a.waiting() ? b : a));
        const answer = await lane.ask(unknown, withinMs);
        if (answer.kind !== 'logits') return answer;
        let next = 0;
        for (let i = 0; i < known.length; i++) known[i] ??= answer.logits.subarray(next * width, ++next * width);
      }
      return { kind: 'read', readings: known.map((logits) => readingOf(description, logits as Float32Array)) };
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

/** What the thread has yet to answer, also when nobody waits for it any more. */
interface Asked {
  texts: readonly string[];
  chars: number;
  settle(answer: LaneAnswer): void;
}

async function openLane(
  folder: string,
  description: ClassifierFolder,
  learn: (texts: readonly string[], logits: Float32Array) => void,
): Promise<Lane> {
  const asked = new Map<number, Asked>();
  let next = 0;
  /** Of all that was asked and is not answered. */
  let chars = 0;
  /** What a character takes, by what the last ones took; nought before the first. */
  let msPerChar = 0;
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
      settle(answer.id, 'failed' in answer ? { kind: 'failed', reason: answer.failed } : answered(answer));
    });
    started.removeAllListeners('error');
    started.on('error', (error) => gone(error.message));
    started.once('exit', (code) => gone(`the thread ended with ${code}`));
    return started;
  }

  /** Also what comes too late is learned: from the answer, and from how long it took. */
  function answered({ id, logits, read, ms }: Read): LaneAnswer {
    const texts = asked.get(id)?.texts ?? [];
    const done = texts.slice(0, read);
    learn(done, logits);
    if (read > 0) {
      const took = ms / charsOf(done);
      msPerChar = msPerChar === 0 ? took : msPerChar + NEWEST * (took - msPerChar);
    }
    return read < texts.length ? { kind: 'late' } : { kind: 'logits', logits };
  }

  function settle(id: number, answer: LaneAnswer): void {
    const question = asked.get(id);
    if (question === undefined) return;
    asked.delete(id);
    chars -= question.chars;
    question.settle(answer);
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
      const mine = charsOf(texts);
      // With nobody before it a question is always put: what reading takes is learned anew, however slow it was once.
      const isVain = asked.size > 0 && (chars + mine) * msPerChar > withinMs * CERTAIN;
      if (isVain || asked.size >= MOST_WAITING) return Promise.resolve({ kind: 'late' });
      const id = next++;
      const target = worker;
      chars += mine;
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve({ kind: 'late' }), withinMs);
        asked.set(id, {
          texts,
          chars: mine,
          settle(answer) {
            clearTimeout(timer);
            resolve(answer);
          },
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

function charsOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + Math.min(MOST_CHARS, length) + LEAST_CHARS, 0);
}

function readingOf({ labels, attackLabels, independent }: ClassifierFolder, mine: Float32Array): ClassifierReading {
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
