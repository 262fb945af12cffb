/** Does it run, is it fast enough, is it affordable, and was it tried what happens when something breaks? */
import { words } from '../localized.ts';
import type { Localized } from '../types.ts';
import { check, fail, gap, listed, most, NO_CALLS, notApplicable, number, pass, round, sum, text } from './make.ts';

export const OPERATIONS = [
  check({
    id: 'operations.dead-letters',
    title: words(
      'Nothing set aside waits without a decision',
      'Nichts Ausgesondertes wartet ohne Entscheidung',
      'Rien de ce qui est mis de côté n’attend sans décision',
      'Nada apartado espera sin decisión',
    ),
    evidence: ['dead-letters'],
    judge({ rows }) {
      const letters = rows('dead-letters');
      if (letters.length === 0) {
        return gap(
          words(
            'No consumer was asked what it set aside.',
            'Kein Verbraucher wurde gefragt, was er ausgesondert hat.',
            'Aucun consommateur n’a été interrogé sur ce qu’il a mis de côté.',
            'No se preguntó a ningún consumidor qué apartó.',
          ),
        );
      }
      const open = letters.filter((row) => row['state'] === 'open');
      const values = {
        open: sum(open, 'letters'),
        all: sum(letters, 'letters'),
        consumers: new Set(letters.map((row) => text(row, 'consumer'))).size,
        names: listed(open.map((row) => text(row, 'consumer'))),
      };
      if (values.open > 0) {
        return fail(
          words(
            '{open} of {all} records set aside wait for a decision, at {names}. See parapet dead list.',
            '{open} von {all} ausgesonderten Datensätzen warten auf eine Entscheidung, bei {names}. Siehe parapet dead list.',
            '{open} enregistrements mis de côté sur {all} attendent une décision, chez {names}. Voir parapet dead list.',
            '{open} de {all} registros apartados esperan una decisión, en {names}. Véase parapet dead list.',
          ),
          values,
        );
      }
      return pass(
        words(
          '{consumers} consumers were asked: of {all} records set aside none waits for a decision.',
          '{consumers} Verbraucher wurden gefragt: Von {all} ausgesonderten Datensätzen wartet keiner auf eine Entscheidung.',
          '{consumers} consommateurs interrogés : aucun des {all} enregistrements mis de côté n’attend de décision.',
          'Se preguntó a {consumers} consumidores: de {all} registros apartados ninguno espera decisión.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'operations.availability',
    title: words(
      'The availability objective was met',
      'Das Verfügbarkeitsziel wurde erreicht',
      'L’objectif de disponibilité a été atteint',
      'Se alcanzó el objetivo de disponibilidad',
    ),
    evidence: ['availability'],
    judge({ rows }, { settings }) {
      const [served, failed] = [sum(rows('availability'), 'served'), sum(rows('availability'), 'failed')];
      if (served + failed === 0) return notApplicable(NO_CALLS);
      const percent = (100 * served) / (served + failed);
      const values = { served, failed, percent: round(percent, 3), objective: settings.objectives.availabilityPercent };
      const says = words(
        '{percent} % of calls were served ({served} served, {failed} failed; objective {objective} %).',
        '{percent} % der Aufrufe wurden bedient ({served} bedient, {failed} fehlgeschlagen; Ziel {objective} %).',
        '{percent} % des appels ont été servis ({served} servis, {failed} en échec ; objectif {objective} %).',
        'Se atendió el {percent} % de las llamadas ({served} atendidas, {failed} fallidas; objetivo {objective} %).',
      );
      return percent < values.objective ? fail(says, values) : pass(says, values);
    },
  }),
  check({
    id: 'operations.latency',
    title: words(
      'Guards stay within their time',
      'Prüfungen bleiben in ihrer Zeit',
      'Les contrôles tiennent leur délai',
      'Los controles respetan su tiempo',
    ),
    evidence: ['latency'],
    judge({ rows }, { settings }) {
      const days = rows('latency');
      if (days.length === 0) return notApplicable(NO_CALLS);
      const objective = settings.objectives.guardP99Ms;
      const slow = days.filter((row) => number(row, 'guards_p99_ms') > objective);
      const values = {
        slow: new Set(slow.map((row) => text(row, 'day'))).size,
        days: new Set(days.map((row) => text(row, 'day'))).size,
        worst: most(days, 'guards_p99_ms'),
        objective,
      };
      if (slow.length > 0) {
        return fail(
          words(
            'On {slow} of {days} days the 99th percentile of the guards was above {objective} ms; the worst was {worst} ms.',
            'An {slow} von {days} Tagen lag das 99. Perzentil der Prüfungen über {objective} ms; der schlechteste Wert war {worst} ms.',
            '{slow} jours sur {days}, le 99e centile des contrôles a dépassé {objective} ms ; le pire était de {worst} ms.',
            'En {slow} de {days} días el percentil 99 de los controles superó {objective} ms; el peor fue {worst} ms.',
          ),
          values,
        );
      }
      return pass(
        words(
          'On each of {days} days the 99th percentile of the guards was at most {worst} ms (objective {objective} ms).',
          'An jedem der {days} Tage lag das 99. Perzentil der Prüfungen bei höchstens {worst} ms (Ziel {objective} ms).',
          'Chacun des {days} jours, le 99e centile des contrôles était d’au plus {worst} ms (objectif {objective} ms).',
          'En cada uno de {days} días el percentil 99 de los controles fue como máximo {worst} ms (objetivo {objective} ms).',
        ),
        values,
      );
    },
  }),
  drill(
    'operations.chaos',
    'drills',
    (kind) => kind === 'chaos',
    words(
      'A fault drill was run and lost nothing',
      'Eine Störfallübung fand statt und verlor nichts',
      'Un exercice de panne a eu lieu sans rien perdre',
      'Se hizo un simulacro de fallos sin perder nada',
    ),
    words(
      'No fault drill was recorded within {days} days. Run npm run chaos -- --json and record it.',
      'Binnen {days} Tagen wurde keine Störfallübung festgehalten. Führen Sie npm run chaos -- --json aus und halten Sie sie fest.',
      'Aucun exercice de panne n’a été consigné en {days} jours. Lancez npm run chaos -- --json et consignez-le.',
      'En {days} días no se registró ningún simulacro de fallos. Ejecute npm run chaos -- --json y regístrelo.',
    ),
  ),
  drill(
    'operations.restore',
    'replays',
    (kind) => kind !== 'chaos',
    words(
      'A view or backup was restored',
      'Eine Ansicht oder Sicherung wurde wiederhergestellt',
      'Une vue ou une sauvegarde a été restaurée',
      'Se restauró una vista o una copia de seguridad',
    ),
    words(
      'No view was rebuilt and no backup restored within {days} days. Run parapet replay --view, or record a drill.',
      'Binnen {days} Tagen wurde keine Ansicht neu aufgebaut und keine Sicherung wiederhergestellt. Führen Sie parapet replay --view aus oder halten Sie eine Übung fest.',
      'Aucune vue n’a été reconstruite et aucune sauvegarde restaurée en {days} jours. Lancez parapet replay --view ou consignez un exercice.',
      'En {days} días no se reconstruyó ninguna vista ni se restauró ninguna copia. Ejecute parapet replay --view o registre un simulacro.',
    ),
  ),
  check({
    id: 'cost.budget',
    title: words(
      'Spend stays within the budget',
      'Die Ausgaben bleiben im Budget',
      'Les dépenses restent dans le budget',
      'El gasto se mantiene en el presupuesto',
    ),
    evidence: ['spend'],
    judge({ rows }, { settings }) {
      const days = rows('spend');
      if (days.length === 0) return notApplicable(NO_CALLS);
      const budget = settings.objectives.budgetUsd;
      const months = Map.groupBy(days, (row) => text(row, 'day').slice(0, 7));
      const [worst = '', of = []] = [...months].sort(([, a], [, b]) => sum(b, 'cost_usd') - sum(a, 'cost_usd'))[0] ?? [];
      const values = { month: worst, spent: round(sum(of, 'cost_usd')), budget, unpriced: sum(days, 'unpriced'), months: months.size };
      if (budget === null) {
        return gap(
          words(
            'No budget was decided (objectives.budgetUsd); {month} cost {spent} USD.',
            'Es wurde kein Budget festgelegt (objectives.budgetUsd); {month} kostete {spent} USD.',
            'Aucun budget n’a été décidé (objectives.budgetUsd) ; {month} a coûté {spent} USD.',
            'No se decidió ningún presupuesto (objectives.budgetUsd); {month} costó {spent} USD.',
          ),
          values,
        );
      }
      if (values.spent > budget) {
        return fail(
          words(
            '{month} cost {spent} USD, more than the {budget} USD of a month.',
            '{month} kostete {spent} USD, mehr als die {budget} USD eines Monats.',
            '{month} a coûté {spent} USD, plus que les {budget} USD mensuels.',
            '{month} costó {spent} USD, más que los {budget} USD mensuales.',
          ),
          values,
        );
      }
      if (values.unpriced > 0) {
        return gap(
          words(
            '{unpriced} calls have no known price, so that {spent} USD of {budget} USD is not all.',
            '{unpriced} Aufrufe haben keinen bekannten Preis; {spent} USD von {budget} USD sind also nicht alles.',
            '{unpriced} appels n’ont pas de prix connu : {spent} USD sur {budget} USD n’est donc pas tout.',
            '{unpriced} llamadas no tienen precio conocido, así que {spent} USD de {budget} USD no es todo.',
          ),
          values,
        );
      }
      return pass(
        words(
          'The dearest of {months} months, {month}, cost {spent} USD of {budget} USD.',
          'Der teuerste von {months} Monaten, {month}, kostete {spent} USD von {budget} USD.',
          'Le plus cher des {months} mois, {month}, a coûté {spent} USD sur {budget} USD.',
          'El más caro de {months} meses, {month}, costó {spent} USD de {budget} USD.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'evidence.sampled',
    title: words(
      'The sampled interactions are whole in every store',
      'Die Interaktionen der Stichprobe sind überall vollständig',
      'Les interactions échantillonnées sont entières partout',
      'Las interacciones de la muestra están completas en todas partes',
    ),
    evidence: ['samples'],
    judge({ rows }) {
      const drawn = rows('samples');
      const torn = drawn.filter((row) => row['in_log'] === 'no' || number(row, 'threats_stored') < number(row, 'threats_said'));
      const forgotten = drawn.filter((row) => row['in_log'] === 'forgotten').length;
      const unhashed = drawn.filter((row) => text(row, 'event_hash') === '').length;
      const values = {
        drawn: drawn.length,
        torn: torn.length,
        forgotten,
        unhashed,
        ids: listed(torn.map((row) => text(row, 'interaction_id'))),
      };
      if (torn.length > 0) {
        return fail(
          words(
            '{torn} of {drawn} drawn interactions are missing in the log, or lack threats that were found in them: {ids}.',
            '{torn} von {drawn} gezogenen Interaktionen fehlen im Protokoll oder ihnen fehlen gefundene Bedrohungen: {ids}.',
            '{torn} des {drawn} interactions tirées manquent au journal ou perdent des menaces trouvées : {ids}.',
            '{torn} de {drawn} interacciones extraídas faltan en el registro o carecen de amenazas halladas: {ids}.',
          ),
          values,
        );
      }
      if (drawn.length === 0 || forgotten === drawn.length || unhashed === drawn.length) {
        return gap(
          words(
            'Of {drawn} drawn interactions {forgotten} have left the log, and {unhashed} carry no hash of their event: this says too little.',
            'Von {drawn} gezogenen Interaktionen haben {forgotten} das Protokoll verlassen und {unhashed} tragen keinen Hash ihres Ereignisses: Das sagt zu wenig.',
            'Des {drawn} interactions tirées, {forgotten} ont quitté le journal et {unhashed} ne portent pas d’empreinte : c’est trop peu.',
            'De {drawn} interacciones extraídas, {forgotten} ya no están en el registro y {unhashed} no llevan hash: dice demasiado poco.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {drawn} drawn interactions are whole in view and log ({forgotten} have left the log by its retention).',
          'Alle {drawn} gezogenen Interaktionen sind in Ansicht und Protokoll vollständig ({forgotten} haben das Protokoll fristgemäß verlassen).',
          'Les {drawn} interactions tirées sont entières dans la vue et le journal ({forgotten} ont quitté le journal selon sa durée de conservation).',
          'Las {drawn} interacciones extraídas están completas en la vista y el registro ({forgotten} salieron del registro por su conservación).',
        ),
        values,
      );
    },
  }),
];

/** Of each kind the newest holds. A replay that found differences has mended them: it is a restore that worked. */
function drill(id: string, collector: string, is: (kind: string) => boolean, title: Localized, none: Localized) {
  return check({
    id,
    title,
    evidence: [collector],
    judge({ rows }, { settings }) {
      const days = settings.objectives.drillDays;
      const done = rows(collector).filter((row) => is(text(row, 'kind')));
      const newest = done.at(-1);
      if (newest === undefined) return gap(none, { days });
      const values = {
        at: text(newest, 'occurred_at'),
        target: text(newest, 'target'),
        times: done.length,
        days,
        lost: text(newest, 'lost') || '–',
      };
      const worked = newest['outcome'] === 'success' && newest['passed'] !== 'false' && !(number(newest, 'lost') > 0);
      if (!worked) {
        return fail(
          words(
            'The newest drill ({target}, {at}) did not hold; lost: {lost}.',
            'Die neueste Übung ({target}, {at}) wurde nicht bestanden; verloren: {lost}.',
            'Le dernier exercice ({target}, {at}) a échoué ; perdus : {lost}.',
            'El último simulacro ({target}, {at}) no se superó; perdidos: {lost}.',
          ),
          values,
        );
      }
      return pass(
        words(
          '{times} times within {days} days, last {target} at {at}, with success.',
          '{times}-mal binnen {days} Tagen, zuletzt {target} am {at}, mit Erfolg.',
          '{times} fois en {days} jours, en dernier {target} le {at}, avec succès.',
          '{times} veces en {days} días, la última {target} el {at}, con éxito.',
        ),
        values,
      );
    },
  });
}
