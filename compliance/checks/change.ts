/** Did schemas, settings and rules change only as they should? */
import { words } from '../localized.ts';
import { check, fail, gap, listed, notApplicable, pass, text } from './make.ts';

export const CHANGE = [
  check({
    id: 'change.schemas',
    title: words(
      'Schemas changed only compatibly and are released',
      'Schemata änderten sich nur kompatibel und sind freigegeben',
      'Les schémas n’ont changé que de façon compatible et sont publiés',
      'Los esquemas solo cambiaron de forma compatible y están publicados',
    ),
    evidence: ['schema-history'],
    judge({ rows }) {
      const versions = rows('schema-history');
      if (versions.length === 0) {
        return gap(
          words('No schema was found.', 'Es wurde kein Schema gefunden.', 'Aucun schéma n’a été trouvé.', 'No se encontró ningún esquema.'),
        );
      }
      const bad = versions.filter((row) => row['compatible'] !== true || row['version'] === 'not released');
      const values = {
        bad: bad.length,
        versions: versions.length,
        records: new Set(versions.map((row) => text(row, 'record'))).size,
        names: listed(bad.map((row) => `${text(row, 'record')} ${text(row, 'version')}`)),
      };
      if (bad.length > 0) {
        return fail(
          words(
            '{bad} of {versions} versions are not compatible with earlier ones, or not released: {names}.',
            '{bad} von {versions} Versionen sind mit früheren nicht kompatibel oder nicht freigegeben: {names}.',
            '{bad} versions sur {versions} sont incompatibles avec les précédentes ou non publiées : {names}.',
            '{bad} de {versions} versiones no son compatibles con las anteriores o no están publicadas: {names}.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {versions} versions of {records} records are released, and each fits those before it.',
          'Alle {versions} Versionen von {records} Datensatzarten sind freigegeben und passen zu allen früheren.',
          'Les {versions} versions de {records} enregistrements sont publiées, et chacune est compatible avec les précédentes.',
          'Las {versions} versiones de {records} registros están publicadas y cada una es compatible con las anteriores.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'change.configuration',
    title: words(
      'Settings in force are recorded at every start',
      'Geltende Einstellungen werden bei jedem Start festgehalten',
      'Les réglages en vigueur sont consignés à chaque démarrage',
      'Los ajustes vigentes se registran en cada arranque',
    ),
    evidence: ['configuration'],
    judge({ rows }) {
      const starts = rows('configuration').filter((row) => row['kind'] === 'start');
      if (starts.length === 0) {
        return notApplicable(
          words(
            'No gateway started in the window.',
            'Im Zeitraum ist kein Gateway gestartet.',
            'Aucune passerelle n’a démarré pendant la période.',
            'Ninguna pasarela arrancó en el periodo.',
          ),
        );
      }
      const bare = starts.filter((row) => text(row, 'value') === '');
      const values = { starts: starts.length, bare: bare.length, hashes: new Set(starts.map((row) => text(row, 'value'))).size };
      if (bare.length > 0) {
        return fail(
          words(
            '{bare} of {starts} starts do not say which settings were in force.',
            '{bare} von {starts} Starts sagen nicht, welche Einstellungen galten.',
            '{bare} démarrages sur {starts} n’indiquent pas les réglages en vigueur.',
            '{bare} de {starts} arranques no dicen qué ajustes regían.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {starts} starts record their settings; {hashes} different sets were in force.',
          'Alle {starts} Starts halten ihre Einstellungen fest; {hashes} verschiedene Fassungen galten.',
          'Les {starts} démarrages consignent leurs réglages ; {hashes} ensembles différents ont été en vigueur.',
          'Los {starts} arranques registran sus ajustes; rigieron {hashes} conjuntos distintos.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'change.signatures',
    title: words(
      'Changes to rules are signed and recorded',
      'Regeländerungen sind signiert und festgehalten',
      'Les changements de règles sont signés et consignés',
      'Los cambios de reglas están firmados y registrados',
    ),
    evidence: ['signature-bundles'],
    judge({ rows }, { window }) {
      const inWindow = rows('signature-bundles').filter((row) => text(row, 'first_seen') >= window.from);
      const published = inWindow.filter((row) => row['kind'] === 'signatures.published');
      const refused = inWindow.filter((row) => row['kind'] === 'signatures.refused');
      if (published.length === 0 && refused.length === 0) {
        return notApplicable(
          words(
            'No rules were published in the window.',
            'Im Zeitraum wurden keine Regeln veröffentlicht.',
            'Aucune règle n’a été publiée pendant la période.',
            'No se publicaron reglas en el periodo.',
          ),
        );
      }
      const bare = published.filter((row) => text(row, 'key_id') === '' || text(row, 'gateway') === '');
      const values = { published: published.length, refused: refused.length, bare: bare.length };
      if (bare.length > 0) {
        return fail(
          words(
            '{bare} of {published} published bundles name no key or nobody who published them.',
            '{bare} von {published} veröffentlichten Bündeln nennen keinen Schlüssel oder keine Person.',
            '{bare} lots publiés sur {published} n’indiquent pas de clé ou pas d’auteur.',
            '{bare} de {published} paquetes publicados no indican clave o autor.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {published} published bundles are signed and name who published them; gateways refused {refused} that were not to be trusted.',
          'Alle {published} veröffentlichten Bündel sind signiert und nennen, wer sie veröffentlicht hat; Gateways wiesen {refused} nicht vertrauenswürdige zurück.',
          'Les {published} lots publiés sont signés et indiquent leur auteur ; les passerelles en ont refusé {refused} qui n’étaient pas fiables.',
          'Los {published} paquetes publicados están firmados e indican su autor; las pasarelas rechazaron {refused} no fiables.',
        ),
        values,
      );
    },
  }),
];
