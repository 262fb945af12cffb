/**
 * The thread that runs the classifier. Texts of all callers wait in one queue, and those of like length go through the
 * graph together; a caller whose deadline has passed while they waited is told so, and nothing is computed for it.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@huggingface/tokenizers';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ClassifierFolder } from './folder.ts';

export interface Question {
  id: number;
  texts: string[];
  /** `Date.now()` after which nobody waits for the answer. */
  deadline: number;
}

/**
 * For each text the raw output for each label, one after the other; undefined when it was too late. `ms` is what reading these texts took,
 * their share of what was read with others.
 */
export type Answer = { id: number; logits?: Float32Array; failed?: string; ms: number } | { ready: true } | { broken: string };

interface Waiting {
  question: Question;
  ids: number[][];
  logits: Float32Array;
  left: number;
  ms: number;
}

const BATCH = 8;
/** How much the latest batch counts in what a token is thought to take. */
const NEWEST = 0.2;

async function serve(port: MessagePort, folder: ClassifierFolder): Promise<void> {
  const tokenizer = new Tokenizer(folder.tokenizer, folder.tokenizerConfig);
  const session = await InferenceSession.create(folder.graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  const labels = folder.labels.length;
  let queue: { waiting: Waiting; text: number }[] = [];
  let running = false;
  /** What a token takes, padding included; nought before the first. */
  let msPerToken = 0;

  function encode(text: string): number[] {
    const { ids } = tokenizer.encode(text);
    if (ids.length <= folder.maxTokens) return ids;
    // The last token says that the text is over.
    return [...ids.slice(0, folder.maxTokens - 1), ids.at(-1) as number];
  }

  async function run(): Promise<void> {
    running = true;
    while (queue.length > 0) {
      const batch = takeBatch();
      const alive = batch.filter(({ waiting }) => waiting.question.deadline > Date.now());
      for (const { waiting } of batch) {
        if (waiting.question.deadline <= Date.now() && waiting.left > 0) {
          waiting.left = 0;
          port.postMessage({ id: waiting.question.id, ms: waiting.ms } satisfies Answer);
        }
      }
      if (alive.length > 0) await compute(alive);
      // Lets questions in that have come meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
  }

  /**
   * Who came first is next, and those of the most like length go along: little is padded, and nobody is passed over for long. Nobody
   * goes along who would make another one late: all of a batch are answered at its end.
   */
  function takeBatch(): typeof queue {
    const [first, ...rest] = queue as [(typeof queue)[number], ...typeof queue];
    const far = (each: (typeof queue)[number]) => Math.abs(lengthOf(each) - lengthOf(first));
    const batch = [first];
    const now = Date.now();
    for (const each of rest.toSorted((a, b) => far(a) - far(b)).slice(0, BATCH - 1)) {
      const all = [...batch, each];
      const end = now + msPerToken * all.length * Math.max(...all.map(lengthOf));
      if (all.every(({ waiting: { question } }) => end <= question.deadline)) batch.push(each);
    }
    const taken = new Set(batch);
    queue = rest.filter((each) => !taken.has(each));
    return batch;
  }

  const lengthOf = ({ waiting, text }: { waiting: Waiting; text: number }) => (waiting.ids[text] as number[]).length;

  async function compute(batch: typeof queue): Promise<void> {
    const longest = Math.max(...batch.map(lengthOf));
    const ids = new BigInt64Array(batch.length * longest);
    const mask = new BigInt64Array(batch.length * longest);
    batch.forEach(({ waiting, text }, row) => {
      (waiting.ids[text] as number[]).forEach((id, i) => {
        ids[row * longest + i] = BigInt(id);
        mask[row * longest + i] = 1n;
      });
    });
    const shape = [batch.length, longest];
    const feeds: Record<string, Tensor> = {};
    for (const name of session.inputNames) {
      if (name === 'input_ids') feeds[name] = new Tensor('int64', ids, shape);
      else if (name === 'attention_mask') feeds[name] = new Tensor('int64', mask, shape);
      // One text, so one segment.
      else feeds[name] = new Tensor('int64', new BigInt64Array(ids.length), shape);
    }
    try {
      const from = performance.now();
      const outputs = await session.run(feeds);
      const ms = performance.now() - from;
      const perToken = ms / ids.length;
      msPerToken = msPerToken === 0 ? perToken : msPerToken + NEWEST * (perToken - msPerToken);
      const output = outputs['logits'] ?? outputs[session.outputNames[0] as string];
      const data = output?.data as Float32Array;
      if (data?.length !== batch.length * labels) throw new Error(`the graph gives ${data?.length} values for ${batch.length} × ${labels}`);
      batch.forEach(({ waiting, text }, row) => {
        waiting.logits.set(data.subarray(row * labels, (row + 1) * labels), text * labels);
        waiting.left -= 1;
        waiting.ms += ms / batch.length;
        if (waiting.left === 0) port.postMessage({ id: waiting.question.id, logits: waiting.logits, ms: waiting.ms } satisfies Answer);
      });
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      for (const waiting of new Set(batch.map((each) => each.waiting))) {
        waiting.left = 0;
        queue = queue.filter((each) => each.waiting !== waiting);
        port.postMessage({ id: waiting.question.id, failed, ms: waiting.ms } satisfies Answer);
      }
    }
  }

  port.on('message', (question: Question) => {
    const ids = question.texts.map(encode);
    const waiting: Waiting = { question, ids, logits: new Float32Array(ids.length * labels), left: ids.length, ms: 0 };
    for (let text = 0; text < ids.length; text++) queue.push({ waiting, text });
    if (!running) void run();
  });
  port.postMessage({ ready: true } satisfies Answer);
}

if (parentPort) {
  const port = parentPort;
  serve(port, workerData as ClassifierFolder).catch((error: unknown) => {
    port.postMessage({ broken: error instanceof Error ? error.message : String(error) } satisfies Answer);
  });
}
