/** What an evaluation asks: the layers that ship, alone and together, about one text after the other. */
import type { Judge, LayerName } from '../detection/evaluation/layers.ts';
import { createDetector } from '../detection/index.ts';
import { createEnsemble } from '../detection/model/ensemble.ts';
import type { Segment } from '../schemas/content.ts';
import { type DetectionSettings, openClassifierOf, readLinear, settingsOf } from './index.ts';

export interface OpenJudge {
  judge: Judge;
  versions: { name: LayerName; version: string }[];
  close(): Promise<void>;
}

/** An evaluation waits as long as it takes. */
const PATIENCE_MS = 600_000;

/** The classifier is only ever asked about what the other layers leave in doubt, so it comes with both of them. */
export async function openJudge(layers: readonly LayerName[], settings: DetectionSettings): Promise<OpenJudge> {
  const signatures = createDetector();
  const linear = layers.some((name) => name !== 'signatures') ? readLinear(settings.PARAPET_MODEL_LINEAR) : undefined;
  const classifier = layers.includes('classifier') ? await openClassifierOf(settings) : undefined;
  const ensemble =
    linear &&
    createEnsemble({
      detector: (readAlong) => createDetector({ readAlong, ...(layers.includes('signatures') ? {} : { signatures: [] }) }),
      linear,
      ...(classifier ? { classifier } : {}),
      settings: settingsOf(settings),
    });
  const versions = layers.map((name) => ({ name, version: { signatures, linear, classifier }[name]?.version ?? '' }));

  const judge: Judge = async (text) => {
    const segments: Segment[] = [{ direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text }];
    const base = signatures.inspect(segments);
    const fast = ensemble?.inspect(segments) ?? base;
    const full = (classifier && (await ensemble?.inspectFully(segments, PATIENCE_MS))) ?? fast;
    if (full.classifier === 'failed' || full.classifier === 'late') throw new Error(`the classifier was ${full.classifier}`);
    const scores: Record<LayerName, number> = { signatures: base.riskScore, linear: modelRisk(fast), classifier: modelRisk(full) };
    return {
      score: full.riskScore,
      byLayer: layers.map((layer) => ({ layer, score: scores[layer] })),
      rules: full.findings.map(({ ruleId }) => ruleId),
      truncated: full.truncated,
    };
  };
  return {
    judge,
    versions,
    async close() {
      await classifier?.close();
    },
  };
}

/** What the model's own finding weighs, with what the layers before it said in it. */
function modelRisk({ findings }: { findings: readonly { layer: string; score: number }[] }): number {
  return Math.round(100 * Math.max(0, ...findings.filter(({ layer }) => layer === 'model').map(({ score }) => score)));
}
