/**
 * A classifier on disk, as Hugging Face lays one out: an ONNX graph, `tokenizer.json`, `tokenizer_config.json` and
 * `config.json`. Ours is one such folder; any other can stand in its place once it is known which labels mean an attack.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ParapetError } from '../../core/errors.ts';

export interface ClassifierFolder {
  /** Path of the ONNX file. */
  graph: string;
  /** Hash of graph and tokenizer: recorded with every verdict. */
  version: string;
  tokenizer: object;
  tokenizerConfig: object;
  labels: string[];
  /** Places among the labels of those that mean an attack. */
  attackLabels: number[];
  /** Whether each label is judged for itself (ours), or they share one certainty between them (most others). */
  independent: boolean;
  /** Tokens that the classifier takes at most. */
  maxTokens: number;
}

const GRAPHS = ['encoder.int8.onnx', 'model.onnx', 'model_quantized.onnx', 'onnx/model.onnx', 'onnx/model_quantized.onnx'];
const SAYS_ATTACK = /inject|jailbreak|attack|malicious|unsafe|^label_1$/i;
const LONGEST = 512;

/** Throws PARAPET_MODEL_INVALID with what is missing. `attackLabels` are names as in `id2label`. */
export function readClassifier(folder: string, attackLabels?: readonly string[]): ClassifierFolder {
  const graph = GRAPHS.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (graph === undefined) throw invalid(folder, `it has none of ${GRAPHS.join(', ')}`);
  const config = readJson<{ id2label?: Record<string, string>; max_position_embeddings?: number; problem_type?: string }>(
    folder,
    'config.json',
  );
  const tokenizer = readJson<object>(folder, 'tokenizer.json');
  const tokenizerConfig = readJson<{ model_max_length?: number }>(folder, 'tokenizer_config.json');
  const labels = Object.entries(config.id2label ?? {})
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, name]) => name);
  if (labels.length === 0) throw invalid(folder, 'config.json has no id2label');
  const unknown = attackLabels?.find((name) => !labels.includes(name));
  if (unknown !== undefined) throw invalid(folder, `it has no label "${unknown}", but ${labels.join(', ')}`);
  const attacks = labels.flatMap((name, i) => ((attackLabels ? attackLabels.includes(name) : SAYS_ATTACK.test(name)) ? [i] : []));
  if (attacks.length === 0 || attacks.length === labels.length) {
    throw invalid(folder, `of its labels ${labels.join(', ')} none, or each, means an attack; name them in PARAPET_MODEL_ATTACK_LABELS`);
  }
  const independent = config.problem_type === 'multi_label_classification';
  const hash = createHash('sha256').update(readFileSync(graph)).update(JSON.stringify(tokenizer)).update(attacks.join());
  return {
    graph,
    version: hash.digest('hex').slice(0, 12),
    tokenizer,
    tokenizerConfig,
    labels,
    attackLabels: independent ? attacks.slice(0, 1) : attacks,
    independent,
    maxTokens: Math.min(LONGEST, config.max_position_embeddings ?? LONGEST, tokenizerConfig.model_max_length ?? LONGEST),
  };
}

function readJson<T>(folder: string, name: string): T {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  } catch (cause) {
    throw invalid(folder, `${name} cannot be read`, cause);
  }
}

export function invalid(folder: string, why: string, cause?: unknown): ParapetError {
  return new ParapetError('PARAPET_MODEL_INVALID', { message: `The model in ${folder} cannot be used: ${why}.`, cause });
}
