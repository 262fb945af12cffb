/**
 * Detection's models as they lie on this machine: each file with its hash, whether there is a card beside it, and what the card
 * says of licence and provenance. A model that was taught here stands on the shipped one's card and on its training runs.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Bundle } from '../../detection/bundles/index.ts';
import { SHIPPED } from '../../models/index.ts';
import { bundleStoreOf } from '../../models/live.ts';
import { reason, words } from '../localized.ts';
import type { CollectedRow } from '../types.ts';
import { columns } from './columns.ts';
import type { CollectContext, EvidenceCollector } from './context.ts';
import { gap, STATE_DAYS, standing } from './sql.ts';

const QUERY = 'files of the models that the settings name, and their cards';
const CARD_NAMES = ['CARD.md', 'README.md', 'MODEL_CARD.md'];
const MODEL_FILE = /\.(bin|onnx|json)$/;

export const modelCards: EvidenceCollector = {
  id: 'model-cards',
  version: 1,
  title: words(
    'Detection models and their cards',
    'Erkennungsmodelle und ihre Karten',
    'Modèles de détection et leurs fiches',
    'Modelos de detección y sus fichas',
  ),
  source: 'configuration',
  columns: columns('model', 'kind', 'file', 'bytes', 'sha256', 'card', 'licence', 'provenance', 'base'),
  validDays: STATE_DAYS,
  async collect(context) {
    if (context.env.PARAPET_MODEL === 'off') return gap(context, QUERY, NO_MODEL);
    const rows: CollectedRow[] = [];
    for (const { model, kind, folder, files } of modelsOf(context)) {
      const card = readCard(folder);
      for (const file of files) {
        const path = join(folder, file);
        if (existsSync(path)) rows.push({ model, kind, file, bytes: statSync(path).size, sha256: await sha256Of(path), ...card, base: '' });
        else rows.push({ model, kind, file, bytes: null, sha256: '', ...card, base: '' });
      }
    }
    rows.push(...taughtModels(context));
    return { query: QUERY, parameters: standing(context), rows };
  },
};

interface Model {
  model: string;
  kind: 'shipped' | 'configured';
  folder: string;
  files: string[];
}

/** The linear model always; the classifier in full mode. */
function modelsOf({ env }: CollectContext): Model[] {
  const linear = env.PARAPET_MODEL_LINEAR;
  const encoder = env.PARAPET_MODEL_PATH;
  const models: Model[] = [
    linear === undefined
      ? { model: 'linear', kind: 'shipped', folder: SHIPPED, files: ['linear.bin', 'ensemble.json'] }
      : { model: 'linear', kind: 'configured', folder: dirname(linear), files: [basename(linear)] },
  ];
  if (env.PARAPET_MODEL !== 'full') return models;
  const folder = encoder ?? join(SHIPPED, 'encoder');
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => MODEL_FILE.test(name))
        .sort()
    : ['model.onnx'];
  models.push({ model: 'classifier', kind: encoder === undefined ? 'shipped' : 'configured', folder, files });
  return models;
}

/** In the folder, or in the one above, as for the shipped encoder. */
function readCard(folder: string): { card: boolean; licence: string; provenance: boolean } {
  const path = [folder, dirname(folder)].flatMap((at) => CARD_NAMES.map((name) => join(at, name))).find((each) => existsSync(each));
  const text = path === undefined ? '' : readFileSync(path, 'utf8');
  const licence = /\b(Apache-2\.0|MIT|BSD-[23]-Clause|CC0-1\.0|CC-BY(?:-SA)?-4\.0|OpenRAIL(?:-M)?)\b/i.exec(text)?.[0] ?? '';
  return { card: path !== undefined, licence, provenance: /provenance|trained on|training data|how it was made/i.test(text) };
}

function taughtModels({ env }: CollectContext): CollectedRow[] {
  const shipped = readCard(SHIPPED);
  return bundleStoreOf(env)
    .list()
    .flatMap(({ text }) => {
      const { version, model } = JSON.parse(text) as Bundle;
      if (model === undefined) return [];
      const sha256 = createHash('sha256').update(JSON.stringify(model)).digest('hex');
      return [
        {
          model: 'linear',
          kind: 'taught',
          file: `signatures/${version}`,
          bytes: JSON.stringify(model).length,
          sha256,
          ...shipped,
          base: model.base,
        },
      ];
    });
}

async function sha256Of(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}

const NO_MODEL = reason(
  words(
    'PARAPET_MODEL is off: detection uses signatures alone, and there is no model to describe.',
    'PARAPET_MODEL ist off: Die Erkennung nutzt nur Signaturen, es gibt kein Modell zu beschreiben.',
    'PARAPET_MODEL vaut off : la détection n’utilise que des signatures, il n’y a aucun modèle à décrire.',
    'PARAPET_MODEL está en off: la detección solo usa firmas y no hay ningún modelo que describir.',
  ),
);
