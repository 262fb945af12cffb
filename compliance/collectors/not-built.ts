/** Parts of Parapet that do not exist yet: each is a gap of its own until a collector takes its place, one file each. */
import { reason, words } from '../localized.ts';
import type { Localized } from '../types.ts';
import type { EvidenceCollector } from './context.ts';
import { gap, STATE_DAYS } from './sql.ts';

export function notBuilt(id: string, title: Localized): EvidenceCollector {
  const why = reason(
    words(
      `${title.en}: Parapet does not have this part yet, so there is no evidence. A person has to attest to what it would show.`,
      `${title.de}: Diesen Teil hat Parapet noch nicht, daher gibt es keine Nachweise. Was er zeigen würde, muss eine Person bestätigen.`,
      `${title.fr} : Parapet n’a pas encore cette partie, il n’y a donc pas de preuve. Une personne doit attester ce qu’elle montrerait.`,
      `${title.es}: Parapet aún no tiene esta parte, por lo que no hay evidencias. Una persona debe declarar lo que mostraría.`,
    ),
  );
  return {
    id,
    version: 1,
    title,
    source: 'configuration',
    columns: [],
    validDays: STATE_DAYS,
    collect: async (context) => gap(context, 'none', why),
  };
}
