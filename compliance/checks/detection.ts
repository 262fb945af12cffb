/** Does somebody look, does it bite, and is it known how well? */
import { words } from '../localized.ts';
import { check, fail, gap, listed, most, NO_CALLS, NO_THREATS, notApplicable, number, pass, round, sum, text } from './make.ts';

/** What people do when detection sees something else than before. */
const LOOKED = ['detection.evaluated', 'model.trained', 'signatures.published', 'thresholds.cleared', 'thresholds.set', 'verdict.given'];

export const DETECTION = [
  check({
    id: 'detection.inspected',
    title: words(
      'Every interaction that reached a vendor was inspected',
      'Jede Interaktion, die einen Anbieter erreichte, wurde geprüft',
      'Toute interaction parvenue à un fournisseur a été inspectée',
      'Se inspeccionó toda interacción que llegó a un proveedor',
    ),
    evidence: ['decisions'],
    judge({ rows }) {
      const days = rows('decisions');
      const [called, inLine, later, none] = [sum(days, 'called'), sum(days, 'in_line'), sum(days, 'in_stream'), sum(days, 'not_inspected')];
      if (called === 0) return notApplicable(NO_CALLS);
      if (none > 0) {
        return fail(
          words(
            '{none} of {called} interactions reached a vendor and nobody inspected them.',
            '{none} von {called} Interaktionen erreichten einen Anbieter, ohne geprüft zu werden.',
            '{none} interactions sur {called} ont atteint un fournisseur sans être inspectées.',
            '{none} de {called} interacciones llegaron a un proveedor sin ser inspeccionadas.',
          ),
          { none, called },
        );
      }
      return pass(
        words(
          'All {called} were inspected: {inLine} in line, {later} afterwards.',
          'Alle {called} wurden geprüft: {inLine} im Datenfluss, {later} nachträglich.',
          'Les {called} ont toutes été inspectées : {inLine} en ligne, {later} a posteriori.',
          'Se inspeccionaron las {called}: {inLine} en línea y {later} después.',
        ),
        { called, inLine, later },
      );
    },
  }),
  check({
    id: 'detection.enforced',
    title: words(
      'Guards block, or the exception is stated',
      'Prüfungen blockieren, oder die Ausnahme ist erklärt',
      'Les contrôles bloquent, ou l’exception est déclarée',
      'Los controles bloquean o la excepción está declarada',
    ),
    evidence: ['decisions', 'attestations'],
    judge({ rows, collectedMs }) {
      const days = rows('decisions');
      const called = sum(days, 'called');
      if (called === 0) return notApplicable(NO_CALLS);
      const watched = sum(
        days.filter((row) => row['inspect_mode'] !== 'block'),
        'called',
      );
      const values = { called, watched };
      if (watched === 0) {
        return pass(
          words(
            'For all {called} calls of a vendor the guards were to block.',
            'Bei allen {called} Anbieteraufrufen durften die Prüfungen blockieren.',
            'Pour les {called} appels à un fournisseur, les contrôles pouvaient bloquer.',
            'En las {called} llamadas a un proveedor los controles podían bloquear.',
          ),
          values,
        );
      }
      const exception = rows('attestations').find(
        (row) => row['requirement'] === 'detection.enforced' && Date.parse(text(row, 'expires_at')) > collectedMs('attestations'),
      );
      if (exception !== undefined) {
        return pass(
          words(
            'For {watched} of {called} calls the guards only watched; {by} has stated the exception until {until}.',
            'Bei {watched} von {called} Aufrufen haben die Prüfungen nur beobachtet; {by} hat die Ausnahme bis {until} erklärt.',
            'Pour {watched} appels sur {called}, les contrôles n’ont fait qu’observer ; {by} a déclaré l’exception jusqu’au {until}.',
            'En {watched} de {called} llamadas los controles solo observaron; {by} declaró la excepción hasta {until}.',
          ),
          { ...values, by: text(exception, 'actor'), until: text(exception, 'expires_at') },
        );
      }
      return fail(
        words(
          'For {watched} of {called} calls the guards only watched. Set PARAPET_INSPECT_MODE=block, or attest the exception as detection.enforced.',
          'Bei {watched} von {called} Aufrufen haben die Prüfungen nur beobachtet. Setzen Sie PARAPET_INSPECT_MODE=block oder bestätigen Sie die Ausnahme als detection.enforced.',
          'Pour {watched} appels sur {called}, les contrôles n’ont fait qu’observer. Définissez PARAPET_INSPECT_MODE=block ou attestez l’exception sous detection.enforced.',
          'En {watched} de {called} llamadas los controles solo observaron. Defina PARAPET_INSPECT_MODE=block o declare la excepción como detection.enforced.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'detection.current',
    title: words(
      'The newest published rules are in use everywhere',
      'Überall sind die neuesten veröffentlichten Regeln im Einsatz',
      'Les dernières règles publiées sont utilisées partout',
      'Las últimas reglas publicadas se usan en todas partes',
    ),
    evidence: ['signature-bundles'],
    judge({ rows }) {
      const used = rows('signature-bundles').filter((row) => row['kind'] === 'in use');
      const newestUse = used
        .map((row) => text(row, 'last_seen'))
        .sort()
        .at(-1);
      if (newestUse === undefined) return notApplicable(NO_CALLS);
      const last = new Map(used.map((row) => [text(row, 'gateway'), row]));
      const versions = [...last.values()].map((row) => text(row, 'version'));
      const published = rows('signature-bundles').filter((row) => row['kind'] === 'signatures.published' && row['mode'] === 'enforce');
      const newest = published.at(-1);
      const takers = new Set(
        rows('signature-bundles')
          .filter((row) => row['kind'] === 'signatures.taken' && number(row, 'version') >= number(newest ?? {}, 'version'))
          .map((row) => text(row, 'gateway').replace(/^gateway\//, '')),
      );
      const behind =
        newest === undefined
          ? []
          : [...last]
              .filter(([gateway, row]) => text(row, 'last_seen') > text(newest, 'first_seen') && !takers.has(gateway))
              .map(([name]) => name);
      if (behind.length > 0 || new Set(versions).size > 1) {
        return fail(
          words(
            'Gateways use different rules ({versions}), or have not taken bundle {bundle}: {behind}.',
            'Gateways verwenden verschiedene Regeln ({versions}) oder haben Bündel {bundle} nicht übernommen: {behind}.',
            'Des passerelles utilisent des règles différentes ({versions}) ou n’ont pas pris le lot {bundle} : {behind}.',
            'Hay pasarelas con reglas distintas ({versions}) o que no tomaron el paquete {bundle}: {behind}.',
          ),
          { versions: listed(versions), bundle: newest === undefined ? '–' : text(newest, 'version'), behind: listed(behind) || '–' },
        );
      }
      return pass(
        words(
          'All {gateways} gateways used version {version} when they were last seen; newest published bundle: {bundle}.',
          'Alle {gateways} Gateways verwendeten zuletzt Version {version}; neuestes veröffentlichtes Bündel: {bundle}.',
          'Les {gateways} passerelles utilisaient en dernier la version {version} ; dernier lot publié : {bundle}.',
          'Las {gateways} pasarelas usaban por última vez la versión {version}; último paquete publicado: {bundle}.',
        ),
        { gateways: last.size, version: versions[0] ?? '', bundle: newest === undefined ? '–' : text(newest, 'version') },
      );
    },
  }),
  check({
    id: 'detection.quality',
    title: words(
      'Detection was evaluated and met its bounds',
      'Die Erkennung wurde bewertet und hielt ihre Grenzwerte ein',
      'La détection a été évaluée et a respecté ses seuils',
      'La detección se evaluó y cumplió sus límites',
    ),
    evidence: ['detection-quality'],
    judge({ rows }) {
      const newest = [...new Map(rows('detection-quality').map((row) => [text(row, 'target'), row])).values()];
      if (newest.length === 0) {
        return gap(
          words(
            'Detection was not evaluated. Run parapet eval FILE --record.',
            'Die Erkennung wurde nicht bewertet. Führen Sie parapet eval DATEI --record aus.',
            'La détection n’a pas été évaluée. Lancez parapet eval FICHIER --record.',
            'La detección no se ha evaluado. Ejecute parapet eval ARCHIVO --record.',
          ),
        );
      }
      const missed = newest.filter((row) => row['bounds_met'] === 'false').map((row) => text(row, 'target'));
      if (missed.length > 0) {
        return fail(
          words(
            '{missed} of {sets} newest evaluations missed their bounds: {names}.',
            '{missed} von {sets} neuesten Bewertungen verfehlten ihre Grenzwerte: {names}.',
            '{missed} des {sets} dernières évaluations n’ont pas respecté leurs seuils : {names}.',
            '{missed} de las {sets} últimas evaluaciones no cumplieron sus límites: {names}.',
          ),
          { missed: missed.length, sets: newest.length, names: listed(missed) },
        );
      }
      const unbound = newest.filter((row) => row['bounds_met'] !== 'true');
      if (unbound.length > 0) {
        return gap(
          words(
            '{unbound} of {sets} newest evaluations were recorded without bounds to meet.',
            '{unbound} von {sets} neuesten Bewertungen wurden ohne Grenzwerte festgehalten.',
            '{unbound} des {sets} dernières évaluations ont été consignées sans seuils à respecter.',
            '{unbound} de las {sets} últimas evaluaciones se registraron sin límites que cumplir.',
          ),
          { unbound: unbound.length, sets: newest.length },
        );
      }
      const least = Math.min(...newest.map((row) => number(row, 'tpr_alert')));
      return pass(
        words(
          'All {sets} newest evaluations met their bounds; at least {tpr} % of attacks were noticed, at most {fpr} % of harmless texts.',
          'Alle {sets} neuesten Bewertungen hielten ihre Grenzwerte ein; mindestens {tpr} % der Angriffe wurden erkannt, höchstens {fpr} % harmloser Texte.',
          'Les {sets} dernières évaluations ont respecté leurs seuils ; au moins {tpr} % des attaques ont été remarquées, au plus {fpr} % de textes inoffensifs.',
          'Las {sets} últimas evaluaciones cumplieron sus límites; se advirtió al menos el {tpr} % de los ataques y a lo sumo el {fpr} % de textos inofensivos.',
        ),
        { sets: newest.length, tpr: round(least * 100, 1), fpr: round(most(newest, 'fpr_alert') * 100, 1) },
      );
    },
  }),
  check({
    id: 'detection.false-positives',
    title: words(
      'False alarms stay below the objective',
      'Fehlalarme bleiben unter dem Zielwert',
      'Les fausses alertes restent sous l’objectif',
      'Las falsas alarmas quedan por debajo del objetivo',
    ),
    evidence: ['verdicts'],
    judge({ rows }, { settings }) {
      const byRule = rows('verdicts');
      const [threats, judged, wrong] = [sum(byRule, 'threats'), sum(byRule, 'judged'), sum(byRule, 'false_positives')];
      if (threats === 0) return notApplicable(NO_THREATS);
      if (judged === 0) {
        return gap(
          words(
            'Nobody has judged any of {threats} threats, so nobody knows how many are false alarms.',
            'Keine der {threats} Bedrohungen wurde beurteilt; wie viele Fehlalarme sind, ist unbekannt.',
            'Aucune des {threats} menaces n’a été jugée : on ignore combien sont de fausses alertes.',
            'Nadie ha evaluado ninguna de las {threats} amenazas; se ignora cuántas son falsas alarmas.',
          ),
          { threats },
        );
      }
      const values = { wrong, judged, percent: round((100 * wrong) / judged, 1), objective: settings.objectives.falsePositivePercent };
      const says = words(
        '{wrong} of {judged} judged threats were false alarms ({percent} %; objective {objective} %).',
        '{wrong} von {judged} beurteilten Bedrohungen waren Fehlalarme ({percent} %; Zielwert {objective} %).',
        '{wrong} des {judged} menaces jugées étaient de fausses alertes ({percent} % ; objectif {objective} %).',
        '{wrong} de {judged} amenazas evaluadas eran falsas alarmas ({percent} %; objetivo {objective} %).',
      );
      return (100 * wrong) / judged > values.objective ? fail(says, values) : pass(says, values);
    },
  }),
  check({
    id: 'detection.drift-watched',
    title: words(
      'Drift was watched, and what was notable looked at',
      'Drift wurde überwacht und Auffälliges angesehen',
      'Les dérives ont été surveillées et examinées',
      'La deriva se vigiló y lo notable se examinó',
    ),
    evidence: ['detection-drift', 'audit-trail'],
    judge({ rows }) {
      const watched = rows('detection-drift');
      if (watched.length === 0) {
        return gap(
          words(
            'Nothing says that drift was watched.',
            'Nichts belegt, dass Drift überwacht wurde.',
            'Rien n’atteste que les dérives ont été surveillées.',
            'Nada indica que se vigilara la deriva.',
          ),
        );
      }
      const notable = watched.filter((row) => row['action'] === 'detection.drifted');
      const lastLook = rows('audit-trail')
        .filter((row) => LOOKED.includes(text(row, 'action')))
        .map((row) => text(row, 'last_seen'))
        .sort()
        .at(-1);
      const open = notable.filter((row) => lastLook === undefined || lastLook < text(row, 'occurred_at'));
      if (open.length > 0) {
        return fail(
          words(
            '{open} of {notable} notable changes were followed by no verdict, evaluation, training or change of rules: {measures}.',
            'Auf {open} von {notable} auffälligen Änderungen folgte kein Urteil, keine Bewertung, kein Training und keine Regeländerung: {measures}.',
            '{open} changements notables sur {notable} n’ont été suivis d’aucun avis, évaluation, entraînement ou changement de règles : {measures}.',
            'A {open} de {notable} cambios notables no les siguió ningún dictamen, evaluación, entrenamiento ni cambio de reglas: {measures}.',
          ),
          { open: open.length, notable: notable.length, measures: listed(open.map((row) => text(row, 'measure'))) },
        );
      }
      return pass(
        words(
          'Drift was looked at {times} times; {notable} notable changes, all followed up.',
          'Drift wurde {times}-mal vermerkt; {notable} auffällige Änderungen, allen wurde nachgegangen.',
          'Les dérives ont été relevées {times} fois ; {notable} changements notables, tous suivis.',
          'La deriva se anotó {times} veces; {notable} cambios notables, todos atendidos.',
        ),
        { times: watched.length, notable: notable.length },
      );
    },
  }),
];
