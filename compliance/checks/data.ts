/** Where is personal data, how long, and for whom to read? */
import { words } from '../localized.ts';
import { check, fail, gap, listed, most, NO_CALLS, notApplicable, number, pass, sum, text } from './make.ts';

export const DATA = [
  check({
    id: 'data.residency',
    title: words(
      'Only expected regions were used',
      'Nur vorgesehene Regionen wurden genutzt',
      'Seules les régions prévues ont été utilisées',
      'Solo se usaron regiones previstas',
    ),
    evidence: ['region-use'],
    judge({ rows }, { settings }) {
      const used = rows('region-use');
      if (used.length === 0) return notApplicable(NO_CALLS);
      const { regions } = settings.expected;
      if (regions === null) {
        return gap(
          words(
            'Nobody has decided which regions may process calls (expected.regions); seen: {regions}.',
            'Niemand hat festgelegt, welche Regionen Aufrufe verarbeiten dürfen (expected.regions); gesehen: {regions}.',
            'Personne n’a décidé quelles régions peuvent traiter les appels (expected.regions) ; vues : {regions}.',
            'Nadie ha decidido qué regiones pueden tratar llamadas (expected.regions); vistas: {regions}.',
          ),
          { regions: listed(used.map((row) => text(row, 'region') || '?')) },
        );
      }
      const elsewhere = used.filter((row) => text(row, 'region') !== '' && !regions.includes(text(row, 'region')));
      if (elsewhere.length > 0) {
        return fail(
          words(
            '{count} calls were processed in regions that are not expected: {regions}.',
            '{count} Aufrufe wurden in nicht vorgesehenen Regionen verarbeitet: {regions}.',
            '{count} appels ont été traités dans des régions non prévues : {regions}.',
            '{count} llamadas se trataron en regiones no previstas: {regions}.',
          ),
          { count: sum(elsewhere, 'interactions'), regions: listed(elsewhere.map((row) => text(row, 'region'))) },
        );
      }
      const unknown = used.filter((row) => text(row, 'region') === '');
      if (unknown.length > 0) {
        return gap(
          words(
            'Of {count} calls the region is not known: name it for {vendors} in the vendors’ configuration.',
            'Bei {count} Aufrufen ist die Region unbekannt: Tragen Sie sie für {vendors} in der Anbieterkonfiguration ein.',
            'La région de {count} appels est inconnue : indiquez-la pour {vendors} dans la configuration des fournisseurs.',
            'Se desconoce la región de {count} llamadas: indíquela para {vendors} en la configuración de proveedores.',
          ),
          { count: sum(unknown, 'interactions'), vendors: listed(unknown.map((row) => text(row, 'vendor'))) },
        );
      }
      return pass(
        words(
          'All {count} calls were processed in expected regions: {regions}.',
          'Alle {count} Aufrufe wurden in vorgesehenen Regionen verarbeitet: {regions}.',
          'Les {count} appels ont été traités dans des régions prévues : {regions}.',
          'Las {count} llamadas se trataron en regiones previstas: {regions}.',
        ),
        { count: sum(used, 'interactions'), regions: listed(used.map((row) => text(row, 'region'))) },
      );
    },
  }),
  check({
    id: 'data.minimised',
    title: words(
      'Personal data in views is masked',
      'Personenbezogene Daten in den Ansichten sind maskiert',
      'Les données personnelles des vues sont masquées',
      'Los datos personales de las vistas están enmascarados',
    ),
    evidence: ['sensitive-data'],
    judge({ rows }) {
      const all = rows('sensitive-data').find((row) => row['data_type'] === 'all');
      if (all === undefined) return notApplicable(NO_CALLS);
      const values = { found: number(all, 'found'), unmasked: number(all, 'unmasked'), interactions: number(all, 'interactions') };
      if (values.unmasked > 0) {
        return fail(
          words(
            'In {unmasked} of {interactions} interactions an e-mail address can be read in the views; {found} pieces of personal data were masked.',
            'In {unmasked} von {interactions} Interaktionen ist in den Ansichten eine E-Mail-Adresse lesbar; {found} personenbezogene Angaben wurden maskiert.',
            'Une adresse électronique est lisible dans les vues pour {unmasked} interactions sur {interactions} ; {found} données personnelles ont été masquées.',
            'En {unmasked} de {interactions} interacciones se puede leer una dirección de correo en las vistas; se enmascararon {found} datos personales.',
          ),
          values,
        );
      }
      return pass(
        words(
          '{found} pieces of personal data were masked, and in none of {interactions} interactions an e-mail address can be read.',
          '{found} personenbezogene Angaben wurden maskiert; in keiner der {interactions} Interaktionen ist eine E-Mail-Adresse lesbar.',
          '{found} données personnelles ont été masquées et aucune adresse électronique n’est lisible dans les {interactions} interactions.',
          'Se enmascararon {found} datos personales y en ninguna de {interactions} interacciones se puede leer una dirección de correo.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'data.retention',
    title: words(
      'Nothing is held longer than the table says',
      'Nichts wird länger aufbewahrt als festgelegt',
      'Rien n’est conservé plus longtemps que prévu',
      'Nada se conserva más de lo decidido',
    ),
    evidence: ['retention', 'retention-applied'],
    judge({ rows }) {
      const held = rows('retention').filter((row) => row['verdict'] !== 'empty');
      const wrong = held.filter((row) => row['verdict'] === 'overdue' || row['verdict'] === 'differs');
      const unknown = held.filter((row) => row['verdict'] === 'unknown');
      if (wrong.length > 0) {
        return fail(
          words(
            '{wrong} of {held} holdings are kept too long, or otherwise than decided: {names}.',
            '{wrong} von {held} Beständen werden zu lange oder anders als festgelegt aufbewahrt: {names}.',
            '{wrong} des {held} fonds sont conservés trop longtemps ou autrement que décidé : {names}.',
            '{wrong} de {held} conjuntos se conservan demasiado o de forma distinta a la decidida: {names}.',
          ),
          { wrong: wrong.length, held: held.length, names: listed(wrong.map((row) => `${text(row, 'store')}/${text(row, 'name')}`)) },
        );
      }
      if (unknown.length > 0 || held.length === 0) {
        return gap(
          words(
            'Not every store said what it holds: {names}.',
            'Nicht jeder Speicher hat gesagt, was er enthält: {names}.',
            'Tous les systèmes n’ont pas dit ce qu’ils conservent : {names}.',
            'No todos los almacenes dijeron qué conservan: {names}.',
          ),
          { names: listed(unknown.map((row) => text(row, 'store'))) || '–' },
        );
      }
      return pass(
        words(
          'All {held} holdings are kept as decided; removals were noted {times} times in the window.',
          'Alle {held} Bestände werden wie festgelegt aufbewahrt; im Zeitraum wurden {times}-mal Entfernungen vermerkt.',
          'Les {held} fonds sont conservés comme décidé ; des suppressions ont été consignées {times} fois pendant la période.',
          'Los {held} conjuntos se conservan según lo decidido; en el periodo constan {times} eliminaciones.',
        ),
        { held: held.length, times: rows('retention-applied').length },
      );
    },
  }),
  check({
    id: 'data.erasures',
    title: words(
      'Erasures were completed in time',
      'Löschungen wurden fristgerecht abgeschlossen',
      'Les effacements ont été achevés à temps',
      'Las supresiones se completaron a tiempo',
    ),
    evidence: ['erasures'],
    judge({ rows }, { settings }) {
      const asked = rows('erasures');
      const days = settings.objectives.erasureDays;
      if (asked.length === 0) {
        return notApplicable(
          words(
            'Nobody asked for an erasure in the window.',
            'Im Zeitraum wurde keine Löschung verlangt.',
            'Aucun effacement n’a été demandé pendant la période.',
            'Nadie pidió una supresión en el periodo.',
          ),
        );
      }
      const late = asked.filter((row) => number(row, 'hours') > days * 24);
      const begun = asked.filter((row) => row['status'] === 'begun');
      const values = { asked: asked.length, late: late.length, begun: begun.length, days, slowest: most(asked, 'hours') };
      if (late.length > 0) {
        return fail(
          words(
            '{late} of {asked} erasures took, or have waited, longer than {days} days; the slowest {slowest} hours.',
            '{late} von {asked} Löschungen dauerten oder warten länger als {days} Tage; die langsamste {slowest} Stunden.',
            '{late} effacements sur {asked} ont pris ou attendent plus de {days} jours ; le plus lent {slowest} heures.',
            '{late} de {asked} supresiones tardaron o esperan más de {days} días; la más lenta {slowest} horas.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {asked} erasures stay within {days} days, the slowest took {slowest} hours; {begun} are under way.',
          'Alle {asked} Löschungen liegen innerhalb von {days} Tagen, die langsamste dauerte {slowest} Stunden; {begun} laufen noch.',
          'Les {asked} effacements tiennent en {days} jours, le plus lent a pris {slowest} heures ; {begun} sont en cours.',
          'Las {asked} supresiones están dentro de {days} días, la más lenta tardó {slowest} horas; {begun} en curso.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'data.sealed',
    title: words(
      'Content is sealed with subjects’ keys',
      'Inhalte sind mit den Schlüsseln der Betroffenen versiegelt',
      'Les contenus sont scellés avec les clés des personnes',
      'Los contenidos están sellados con las claves de los interesados',
    ),
    evidence: ['encryption-keys'],
    judge({ rows }) {
      const contents = rows('encryption-keys').filter((row) => text(row, 'kind').endsWith('content'));
      const clear = sum(
        contents.filter((row) => row['kind'] === 'clear content'),
        'interactions',
      );
      const sealed = sum(contents, 'interactions') - clear;
      const keys = sum(
        contents.filter((row) => row['kind'] === 'sealed content'),
        'keys',
      );
      if (clear > 0) {
        return fail(
          words(
            '{clear} contents in the log are not sealed, beside {sealed} that are.',
            '{clear} Inhalte im Protokoll sind nicht versiegelt, neben {sealed} versiegelten.',
            '{clear} contenus du journal ne sont pas scellés, à côté de {sealed} qui le sont.',
            '{clear} contenidos del registro no están sellados, junto a {sealed} que sí.',
          ),
          { clear, sealed },
        );
      }
      if (sealed === 0) {
        return gap(
          words(
            'There was no content of this organisation to look at in the newest records of the log.',
            'In den neuesten Datensätzen des Protokolls gab es keinen Inhalt dieser Organisation.',
            'Les derniers enregistrements du journal ne contenaient aucun contenu de cette organisation.',
            'En los registros más recientes no había contenido de esta organización.',
          ),
        );
      }
      return pass(
        words(
          'All {sealed} contents looked at are sealed ({algorithms}) with {keys} keys.',
          'Alle {sealed} betrachteten Inhalte sind versiegelt ({algorithms}), mit {keys} Schlüsseln.',
          'Les {sealed} contenus examinés sont scellés ({algorithms}) avec {keys} clés.',
          'Los {sealed} contenidos examinados están sellados ({algorithms}) con {keys} claves.',
        ),
        { sealed, keys, algorithms: listed(contents.map((row) => text(row, 'algorithm'))) },
      );
    },
  }),
];
