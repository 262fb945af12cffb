/** What an evaluation asks: the layers that ship, alone and together, about one text after the other. */
import type { HarmJudge } from '../detection/evaluation/harmful.ts';
import type { Judge, LayerName } from '../detection/evaluation/layers.ts';
import { counts, createDetector, HARMFUL_REQUEST, type Inspection } from '../detection/index.ts';
import { createEnsemble, type EnsembleSettings } from '../detection/model/ensemble.ts';
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
      rules: full.findings.filter(counts).map(({ ruleId }) => ruleId),
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

export interface OpenHarmJudge {
  judge: HarmJudge;
  versions: { name: LayerName; version: string }[];
  close(): Promise<void>;
}

/** How likely a text asks for harm, however unlikely that is, and what would come of it as shipped. The signatures have no say. */
export async function openHarmJudge(layers: readonly LayerName[], settings: DetectionSettings): Promise<OpenHarmJudge> {
  const linear = readLinear(settings.PARAPET_MODEL_LINEAR);
  const classifier = layers.includes('classifier') ? await openClassifierOf(settings) : undefined;
  const shipped = settingsOf({ ...settings, PARAPET_HARMFUL: 'monitor' });
  const { harmful } = shipped;
  if (harmful === undefined) throw new Error('ensemble.json has no weights for requests for harm');
  const make = (weights: EnsembleSettings) =>
    createEnsemble({
      detector: (readAlong) => createDetector({ readAlong }),
      linear,
      ...(classifier ? { classifier } : {}),
      settings: weights,
    });
  const inUse = make(shipped);
  const open = make({ ...shipped, harmful: { ...harmful, fast: { ...harmful.fast, alert: 0 } } });

  return {
    async judge(text) {
      const segments: Segment[] = [{ direction: 'request', role: 'user', kind: 'text', path: 'messages[0].parts[0]', text }];
      const [all, said] = [await open.inspectFully(segments, PATIENCE_MS), await inUse.inspectFully(segments, PATIENCE_MS)];
      if (said.classifier === 'failed' || said.classifier === 'late') throw new Error(`the classifier was ${said.classifier}`);
      return {
        // Of what is too short to be read nobody asks anything.
        probability: all.harmful ?? 0,
        found: said.findings.some(({ threatType }) => threatType === HARMFUL_REQUEST),
        sure: said.surelyHarmful === true,
      };
    },
    versions: [
      { name: 'linear', version: linear.version },
      ...(classifier ? [{ name: 'classifier' as const, version: classifier.version }] : []),
    ],
    async close() {
      await classifier?.close();
    },
  };
}

/** What the model's own finding of an attack weighs, with what the layers before it said in it. */
function modelRisk({ findings }: Pick<Inspection, 'findings'>): number {
  const own = findings.filter((finding) => finding.layer === 'model' && counts(finding));
  return Math.round(100 * Math.max(0, ...own.map(({ score }) => score)));
}
