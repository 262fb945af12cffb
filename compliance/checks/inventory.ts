/** Is it known what is in use: models of ours, models of vendors, agents? */
import { words } from '../localized.ts';
import { check, fail, gap, listed, NO_CALLS, notApplicable, pass, sum, text } from './make.ts';

export const INVENTORY = [
  check({
    id: 'models.documented',
    title: words(
      'Detection models have card, licence and provenance',
      'Erkennungsmodelle haben Karte, Lizenz und Herkunft',
      'Les modèles de détection ont fiche, licence et provenance',
      'Los modelos de detección tienen ficha, licencia y procedencia',
    ),
    evidence: ['model-cards'],
    judge({ rows }) {
      const files = rows('model-cards');
      if (files.length === 0) {
        return gap(
          words(
            'No file of a model was found.',
            'Es wurde keine Modelldatei gefunden.',
            'Aucun fichier de modèle n’a été trouvé.',
            'No se encontró ningún archivo de modelo.',
          ),
        );
      }
      const bare = files.filter(
        (row) => row['card'] !== true || row['provenance'] !== true || text(row, 'licence') === '' || text(row, 'sha256') === '',
      );
      if (bare.length > 0) {
        return fail(
          words(
            '{bare} of {files} model files lack a card, a licence, provenance or a hash: {names}.',
            'Bei {bare} von {files} Modelldateien fehlt Karte, Lizenz, Herkunft oder Hash: {names}.',
            'Il manque à {bare} fichiers de modèle sur {files} une fiche, une licence, une provenance ou une empreinte : {names}.',
            'A {bare} de {files} archivos de modelo les falta ficha, licencia, procedencia o hash: {names}.',
          ),
          { bare: bare.length, files: files.length, names: listed(bare.map((row) => text(row, 'file'))) },
        );
      }
      return pass(
        words(
          'All {files} model files have a hash and a card with licence ({licences}) and provenance.',
          'Alle {files} Modelldateien haben einen Hash und eine Karte mit Lizenz ({licences}) und Herkunft.',
          'Les {files} fichiers de modèle ont une empreinte et une fiche avec licence ({licences}) et provenance.',
          'Los {files} archivos de modelo tienen hash y ficha con licencia ({licences}) y procedencia.',
        ),
        { files: files.length, licences: listed(files.map((row) => text(row, 'licence'))) },
      );
    },
  }),
  check({
    id: 'models.traced',
    title: words(
      'Training runs are recorded, with who promoted',
      'Trainingsläufe sind festgehalten, samt Freigabe',
      'Les entraînements sont consignés, avec qui a mis en service',
      'Los entrenamientos constan, con quién los promovió',
    ),
    evidence: ['model-training'],
    judge({ rows }) {
      const events = rows('model-training');
      if (events.length === 0) {
        return notApplicable(
          words(
            'No model was trained or promoted in the window.',
            'Im Zeitraum wurde kein Modell trainiert oder freigegeben.',
            'Aucun modèle n’a été entraîné ni mis en service pendant la période.',
            'No se entrenó ni promovió ningún modelo en el periodo.',
          ),
        );
      }
      const runs = events.filter((row) => row['action'] === 'model.trained');
      const promoted = events.filter((row) => row['action'] === 'signatures.published');
      const values = { runs: runs.length, promoted: promoted.length };
      const bare = runs.some((row) => ['taught', 'held_back', 'candidate_alert'].some((name) => text(row, name) === ''));
      if (bare || promoted.some((row) => text(row, 'actor') === '' || text(row, 'key_id') === '')) {
        return fail(
          words(
            'Of {runs} training runs and {promoted} promotions some lack their data, their figures, or who promoted.',
            'Von {runs} Trainingsläufen und {promoted} Freigaben fehlen bei manchen Daten, Kennzahlen oder die freigebende Person.',
            'Parmi {runs} entraînements et {promoted} mises en service, certains n’indiquent ni données, ni chiffres, ni responsable.',
            'De {runs} entrenamientos y {promoted} promociones, a algunos les faltan datos, cifras o responsable.',
          ),
          values,
        );
      }
      const untaught = promoted.filter((row) => runs.every((run) => text(run, 'occurred_at') > text(row, 'occurred_at')));
      if (untaught.length > 0) {
        return gap(
          words(
            'Of {promoted} promoted models some were trained before this window: their training run is in earlier evidence.',
            'Von {promoted} freigegebenen Modellen wurden manche vor diesem Zeitraum trainiert: Ihr Lauf steht in früheren Nachweisen.',
            'Parmi {promoted} modèles mis en service, certains ont été entraînés avant cette période : voir les preuves antérieures.',
            'De {promoted} modelos promovidos, algunos se entrenaron antes de este periodo: consta en evidencias anteriores.',
          ),
          values,
        );
      }
      return pass(
        words(
          '{runs} training runs are recorded with data and figures, and {promoted} promotions with who signed them.',
          '{runs} Trainingsläufe sind mit Daten und Kennzahlen festgehalten, {promoted} Freigaben mit ihrer Signatur.',
          '{runs} entraînements sont consignés avec données et chiffres, et {promoted} mises en service avec leur signataire.',
          'Constan {runs} entrenamientos con datos y cifras y {promoted} promociones con quien las firmó.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'inventory.models',
    title: words(
      'Models and vendors are expected',
      'Modelle und Anbieter sind vorgesehen',
      'Modèles et fournisseurs sont prévus',
      'Modelos y proveedores están previstos',
    ),
    evidence: ['model-inventory'],
    judge({ rows }, { settings }) {
      const seen = rows('model-inventory');
      if (seen.length === 0) return notApplicable(NO_CALLS);
      const { vendors, models } = settings.expected;
      if (vendors === null || models === null) {
        return gap(
          words(
            '{seen} models were seen, and nobody has decided which are expected (expected.vendors, expected.models).',
            '{seen} Modelle wurden gesehen; niemand hat festgelegt, welche vorgesehen sind (expected.vendors, expected.models).',
            '{seen} modèles ont été vus et personne n’a décidé lesquels sont prévus (expected.vendors, expected.models).',
            'Se vieron {seen} modelos y nadie ha decidido cuáles están previstos (expected.vendors, expected.models).',
          ),
          { seen: seen.length },
        );
      }
      const strange = seen
        .filter((row) => !isNamed(vendors, text(row, 'vendor')) || (text(row, 'model') !== '' && !isNamed(models, text(row, 'model'))))
        .map((row) => `${text(row, 'vendor')}/${text(row, 'model')}`);
      const values = { strange: strange.length, seen: seen.length, names: listed(strange) };
      if (strange.length > 0) {
        return fail(
          words(
            '{strange} of {seen} models in traffic are not expected: {names}.',
            '{strange} von {seen} Modellen im Verkehr sind nicht vorgesehen: {names}.',
            '{strange} modèles sur {seen} dans le trafic ne sont pas prévus : {names}.',
            '{strange} de {seen} modelos en el tráfico no están previstos: {names}.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {seen} models in traffic are expected.',
          'Alle {seen} Modelle im Verkehr sind vorgesehen.',
          'Les {seen} modèles du trafic sont tous prévus.',
          'Los {seen} modelos del tráfico están previstos.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'inventory.agents',
    title: words(
      'Agents are listed with their organisation',
      'Agenten sind mit ihrer Organisation verzeichnet',
      'Les agents sont recensés avec leur organisation',
      'Los agentes constan con su organización',
    ),
    evidence: ['agent-inventory'],
    judge({ rows }) {
      const agents = rows('agent-inventory');
      if (agents.length === 0) return notApplicable(NO_CALLS);
      const values = { agents: agents.length, interactions: sum(agents, 'interactions') };
      if (agents.some((row) => text(row, 'agent') === '' || text(row, 'org') === '')) {
        return fail(
          words(
            'Of {agents} agents some have no name or no organisation.',
            'Von {agents} Agenten haben manche keinen Namen oder keine Organisation.',
            'Parmi {agents} agents, certains n’ont pas de nom ou pas d’organisation.',
            'De {agents} agentes, algunos no tienen nombre u organización.',
          ),
          values,
        );
      }
      return pass(
        words(
          '{agents} agents with {interactions} interactions are listed with their organisation.',
          '{agents} Agenten mit {interactions} Interaktionen sind mit ihrer Organisation verzeichnet.',
          '{agents} agents et leurs {interactions} interactions sont recensés avec leur organisation.',
          'Constan {agents} agentes con {interactions} interacciones y su organización.',
        ),
        values,
      );
    },
  }),
];

/** A name that ends in `*` stands for all that begin like it. */
function isNamed(expected: readonly string[], name: string): boolean {
  return expected.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
}
