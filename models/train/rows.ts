/** Rows to train on: the permissive files and our own data, and what their kinds mean to the model. */
import { readFile } from 'node:fs/promises';
import type { AttackClass } from '../../detection/model/linear.ts';
import { diceOf } from '../data/dice.ts';

export interface TrainingRow {
  id: string;
  text: string;
  label: 'attack' | 'benign';
  kind: string;
  lang: string;
  source: string;
  licence: string;
}

/** Texts as long as a real prompt; of what is longer the head is enough to learn from. */
const LONGEST_TEXT = 20_000;

/** Licences under which a text may shape a model that is given away. */
const PERMISSIVE = /^(?:MIT|Apache-2\.0|BSD|CC0|CC-BY-4\.0|CC-BY-3\.0|CC-BY-SA|ODC-By|ISC)/;

/** Rows of a file of one JSON object a line. Throws with file and line when one is no row. */
export async function readRows(path: string): Promise<TrainingRow[]> {
  // Not by `readline`, to which U+2028 within a text ends a line too.
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [parseRow(line, `${path}:${i + 1}`)]));
}

function parseRow(line: string, place: string): TrainingRow {
  let row: Partial<TrainingRow>;
  try {
    row = JSON.parse(line) as Partial<TrainingRow>;
  } catch (cause) {
    throw new Error(`${place} is not JSON`, { cause });
  }
  const { id = place, text, label, kind = '', lang = 'en', source = 'unknown', licence = '' } = row ?? {};
  if (typeof text !== 'string' || (label !== 'attack' && label !== 'benign')) throw new Error(`${place} has no text or no label`);
  return { id, text: text.slice(0, LONGEST_TEXT), label, kind, lang, source, licence };
}

export const isPermissive = ({ licence }: TrainingRow) => PERMISSIVE.test(licence);

/** Content that is asked for openly is not an attack on the application; it has a head of its own. */
export const isHarmful = ({ kind }: Pick<TrainingRow, 'kind'>) => kind === 'harmful_request';

export function classOf({ kind }: Pick<TrainingRow, 'kind'>): AttackClass {
  switch (kind) {
    case 'jailbreak_roleplay':
    case 'optimised_suffix':
      return 'jailbreak';
    case 'prompt_extraction':
    case 'data_exfiltration':
      return 'exfiltration';
    default:
      return 'injection';
  }
}

/** Of the rows that we wrote as whole texts, those that no model is trained on: the layers are joined on them. */
const KEPT_BACK = 0.3;

export function isKeptBack({ id, source }: Pick<TrainingRow, 'id' | 'source'>): boolean {
  if (source !== 'own_direct' && source !== 'own_pairs') return false;
  // Both sides of a pair stay together: its number stands between language and side.
  const number = source === 'own_pairs' ? id.split(':').slice(0, -1).join(':') : id;
  return diceOf('kept back', source, number)() < KEPT_BACK;
}
