/**
 * The same sixteen ideas in twenty-two languages besides English, a file each: `languages/idioms.ts` says what they are. Most
 * attacks in these languages are translations of English ones, and models obey them all the same.
 */
import type { Signature } from '../signature.ts';
import { arabic } from './languages/ar.ts';
import { czech } from './languages/cs.ts';
import { german } from './languages/de.ts';
import { greek } from './languages/el.ts';
import { spanish } from './languages/es.ts';
import { french } from './languages/fr.ts';
import { hindi } from './languages/hi.ts';
import { hinglish } from './languages/hinglish.ts';
import { indonesian } from './languages/id.ts';
import { italian } from './languages/it.ts';
import { japanese } from './languages/ja.ts';
import { korean } from './languages/ko.ts';
import { dutch } from './languages/nl.ts';
import { polish } from './languages/pl.ts';
import { portuguese } from './languages/pt.ts';
import { romanian } from './languages/ro.ts';
import { russian } from './languages/ru.ts';
import { swedish } from './languages/sv.ts';
import { turkish } from './languages/tr.ts';
import { ukrainian } from './languages/uk.ts';
import { vietnamese } from './languages/vi.ts';
import { chinese } from './languages/zh.ts';

export const multilingual: Signature[] = [
  ...german,
  ...french,
  ...spanish,
  ...italian,
  ...portuguese,
  ...dutch,
  ...polish,
  ...turkish,
  ...russian,
  ...chinese,
  ...japanese,
  ...korean,
  ...arabic,
  ...hindi,
  ...hinglish,
  ...swedish,
  ...romanian,
  ...ukrainian,
  ...czech,
  ...greek,
  ...indonesian,
  ...vietnamese,
];
