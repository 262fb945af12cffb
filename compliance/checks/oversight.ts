/** Do people look after what machines decide, and can one see who? */
import { words } from '../localized.ts';
import { check, fail, gap, listed, NO_THREATS, notApplicable, pass, round, sum, text } from './make.ts';

export const OVERSIGHT = [
  check({
    id: 'oversight.verdicts',
    title: words(
      'People judged threats',
      'Menschen haben Bedrohungen beurteilt',
      'Des personnes ont jugé les menaces',
      'Personas evaluaron las amenazas',
    ),
    evidence: ['verdicts'],
    judge({ rows }) {
      const [threats, judged] = [sum(rows('verdicts'), 'threats'), sum(rows('verdicts'), 'judged')];
      if (threats === 0) return notApplicable(NO_THREATS);
      if (judged === 0) {
        return fail(
          words(
            'None of {threats} threats was judged by a person.',
            'Keine der {threats} Bedrohungen wurde von einer Person beurteilt.',
            'Aucune des {threats} menaces n’a été jugée par une personne.',
            'Ninguna de las {threats} amenazas fue evaluada por una persona.',
          ),
          { threats },
        );
      }
      return pass(
        words(
          'People judged {judged} of {threats} threats ({percent} %), and named {missed} missed attacks.',
          'Menschen haben {judged} von {threats} Bedrohungen beurteilt ({percent} %) und {missed} übersehene Angriffe benannt.',
          'Des personnes ont jugé {judged} menaces sur {threats} ({percent} %) et signalé {missed} attaques manquées.',
          'Personas evaluaron {judged} de {threats} amenazas ({percent} %) y señalaron {missed} ataques no detectados.',
        ),
        { judged, threats, percent: round((100 * judged) / threats, 1), missed: sum(rows('verdicts'), 'missed') },
      );
    },
  }),
  check({
    id: 'oversight.overrides',
    title: words(
      'Overrides are recorded with who and why',
      'Eingriffe sind mit Person und Grund festgehalten',
      'Les dérogations sont consignées avec auteur et motif',
      'Las anulaciones constan con autor y motivo',
    ),
    evidence: ['quarantines', 'thresholds'],
    judge({ rows }) {
      const overrides = [...rows('quarantines').filter((row) => row['action'] === 'quarantine.lifted'), ...rows('thresholds')];
      if (overrides.length === 0) {
        return notApplicable(
          words(
            'Nobody changed a bound or lifted a quarantine in the window.',
            'Im Zeitraum hat niemand einen Grenzwert geändert oder eine Quarantäne aufgehoben.',
            'Personne n’a modifié de seuil ni levé de quarantaine pendant la période.',
            'Nadie cambió un umbral ni levantó una cuarentena en el periodo.',
          ),
        );
      }
      const bare = overrides.filter((row) => text(row, 'actor') === '' || row['reason_given'] !== true);
      if (bare.length > 0) {
        return fail(
          words(
            '{bare} of {overrides} overrides say nothing of why, or of who: {actions}.',
            '{bare} von {overrides} Eingriffen nennen keinen Grund oder keine Person: {actions}.',
            '{bare} dérogations sur {overrides} n’indiquent pas le motif ou l’auteur : {actions}.',
            '{bare} de {overrides} anulaciones no indican el motivo o el autor: {actions}.',
          ),
          { bare: bare.length, overrides: overrides.length, actions: listed(bare.map((row) => text(row, 'action'))) },
        );
      }
      return pass(
        words(
          'All {overrides} overrides name who acted and why.',
          'Alle {overrides} Eingriffe nennen Person und Grund.',
          'Les {overrides} dérogations indiquent toutes auteur et motif.',
          'Las {overrides} anulaciones indican autor y motivo.',
        ),
        { overrides: overrides.length },
      );
    },
  }),
  check({
    id: 'oversight.approvals',
    title: words(
      'Evidence packages are approved by somebody else than their author',
      'Nachweispakete werden von anderen als ihrem Verfasser freigegeben',
      'Les dossiers de preuves sont approuvés par un autre que leur auteur',
      'Los paquetes de evidencias los aprueba alguien distinto de su autor',
    ),
    evidence: ['approvals'],
    judge({ rows }) {
      const approved = rows('approvals').filter((row) => row['action'] === 'evidence.approved');
      if (approved.length === 0) {
        return gap(
          words(
            'No evidence package was approved within a year.',
            'Binnen eines Jahres wurde kein Nachweispaket freigegeben.',
            'Aucun dossier de preuves n’a été approuvé en un an.',
            'En un año no se aprobó ningún paquete de evidencias.',
          ),
        );
      }
      const own = approved.filter((row) => text(row, 'author') === '' || text(row, 'author') === text(row, 'actor'));
      if (own.length > 0) {
        return fail(
          words(
            '{own} of {approved} packages were approved by their author, or do not name one.',
            '{own} von {approved} Paketen wurden vom Verfasser selbst freigegeben oder nennen keinen.',
            '{own} dossiers sur {approved} ont été approuvés par leur auteur ou n’en indiquent pas.',
            '{own} de {approved} paquetes los aprobó su autor o no indican ninguno.',
          ),
          { own: own.length, approved: approved.length },
        );
      }
      return pass(
        words(
          'All {approved} approvals are by somebody else than the author.',
          'Alle {approved} Freigaben stammen von einer anderen Person als dem Verfasser.',
          'Les {approved} approbations émanent toutes d’une autre personne que l’auteur.',
          'Las {approved} aprobaciones son de alguien distinto del autor.',
        ),
        { approved: approved.length },
      );
    },
  }),
];
