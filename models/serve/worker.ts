/**
 * The thread that runs the classifier. Texts of all callers wait in one queue; a caller whose deadline has passed while they
 * waited is told so, and nothing is computed for it.
 *
 * The subtle point: each text goes through the graph alone. An int8 graph rounds by the largest values of all that goes through it
 * together, so what it says of a text among others would depend on who else asks in that moment; and long texts are read no
 * faster together.
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

export interface Read {
  id: number;
  /** For each text the raw output for each label, one after the other. */
  logits: Float32Array;
  /** So many of the texts were read before it was too late. */
  read: number;
  /** What reading them took. */
  ms: number;
}

export type Answer = Read | { id: number; failed: string } | { ready: true } | { broken: string };

interface Waiting {
  question: Question;
  ids: number[][];
}

async function serve(port: MessagePort, folder: ClassifierFolder): Promise<void> {
  const tokenizer = new Tokenizer(folder.tokenizer, folder.tokenizerConfig);
  const session = await InferenceSession.create(folder.graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // It makes one step of a sum and the normalisation behind it, and that step is four times as slow as the two.
    extra: { optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' } },
  });
  const labels = folder.labels.length;
  const queue: Waiting[] = [];
  let running = false;

  function encode(text: string): number[] {
    const { ids } = tokenizer.encode(text);
    if (ids.length <= folder.maxTokens) return ids;
    // The last token says that the text is over.
    return [...ids.slice(0, folder.maxTokens - 1), ids.at(-1) as number];
  }

  async function run(): Promise<void> {
    running = true;
    for (let waiting = queue.shift(); waiting !== undefined; waiting = queue.shift()) {
      port.postMessage(await answerTo(waiting));
      // Lets questions in that have come meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
  }

  async function answerTo({ question: { id, deadline }, ids }: Waiting): Promise<Answer> {
    const logits = new Float32Array(ids.length * labels);
    const from = performance.now();
    let read = 0;
    try {
      for (; read < ids.length && Date.now() < deadline; read++) logits.set(await compute(ids[read] as number[]), read * labels);
      return { id, logits, read, ms: performance.now() - from };
    } catch (error) {
      return { id, failed: error instanceof Error ? error.message : String(error) };
    }
  }

  async function compute(ids: readonly number[]): Promise<Float32Array> {
    const shape = [1, ids.length];
    const feeds: Record<string, Tensor> = {};
    for (const name of session.inputNames) {
      const filled = name === 'input_ids' ? BigInt64Array.from(ids, BigInt) : new BigInt64Array(ids.length);
      // One text, so nothing is padded and there is one segment.
      if (name === 'attention_mask') filled.fill(1n);
      feeds[name] = new Tensor('int64', filled, shape);
    }
    const outputs = await session.run(feeds);
    const output = outputs['logits'] ?? outputs[session.outputNames[0] as string];
    const data = output?.data as Float32Array;
    if (data?.length !== labels) throw new Error(`the graph gives ${data?.length} values for 1 × ${labels}`);
    return data;
  }

  port.on('message', (question: Question) => {
    queue.push({ question, ids: question.texts.map(encode) });
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
