/** Were threats recorded so that somebody can act, and did somebody? */
import { words } from '../localized.ts';
import type { Row } from '../types.ts';
import { check, fail, listed, most, NO_THREATS, notApplicable, number, pass, sum, text } from './make.ts';

const GRAVE = ['high', 'critical'];
/** Grave incidents of one agent, and threats of one incident, from which an attacker is a repeated one. */
const REPEATED_INCIDENTS = 2;
const REPEATED_THREATS = 5;

const NO_INCIDENTS = words(
  'There was no grave incident in the window.',
  'Im Zeitraum gab es keinen schweren Vorfall.',
  'Il n’y a eu aucun incident grave pendant la période.',
  'No hubo ningún incidente grave en el periodo.',
);

const graveOnes = (rows: readonly Row[]) => rows.filter((row) => GRAVE.includes(text(row, 'severity')));

export const THREATS = [
  check({
    id: 'threats.recorded',
    title: words(
      'Threats have technique, severity and action',
      'Bedrohungen tragen Technik, Schweregrad und Maßnahme',
      'Les menaces ont technique, gravité et mesure',
      'Las amenazas tienen técnica, gravedad y acción',
    ),
    evidence: ['threats'],
    judge({ rows }) {
      const threats = sum(rows('threats'), 'threats');
      if (threats === 0) return notApplicable(NO_THREATS);
      const bare = rows('threats').filter((row) => ['techniques', 'severity', 'action'].some((name) => text(row, name) === ''));
      if (bare.length > 0) {
        return fail(
          words(
            '{bare} of {threats} threats lack technique, severity or action: {types}.',
            'Bei {bare} von {threats} Bedrohungen fehlt Technik, Schweregrad oder Maßnahme: {types}.',
            'Il manque à {bare} menaces sur {threats} la technique, la gravité ou la mesure : {types}.',
            'A {bare} de {threats} amenazas les falta técnica, gravedad o acción: {types}.',
          ),
          { bare: sum(bare, 'threats'), threats, types: listed(bare.map((row) => text(row, 'threat_type'))) },
        );
      }
      return pass(
        words(
          'All {threats} threats of {types} types name technique, severity and action.',
          'Alle {threats} Bedrohungen aus {types} Arten nennen Technik, Schweregrad und Maßnahme.',
          'Les {threats} menaces de {types} types indiquent technique, gravité et mesure.',
          'Las {threats} amenazas de {types} tipos indican técnica, gravedad y acción.',
        ),
        { threats, types: new Set(rows('threats').map((row) => text(row, 'threat_type'))).size },
      );
    },
  }),
  check({
    id: 'threats.answered',
    title: words(
      'Grave threats were answered in time',
      'Auf schwere Bedrohungen wurde rechtzeitig reagiert',
      'Les menaces graves ont reçu une réponse à temps',
      'Las amenazas graves se respondieron a tiempo',
    ),
    evidence: ['threat-response'],
    judge({ rows }, { settings }) {
      const answers = rows('threat-response');
      const [threats, late, waiting] = [sum(answers, 'threats'), sum(answers, 'late'), sum(answers, 'waiting')];
      if (threats === 0) return notApplicable(NO_THREATS);
      const values = { threats, late, waiting, hours: settings.objectives.threatResponseHours, slowest: most(answers, 'slowest_hours') };
      if (late > 0) {
        return fail(
          words(
            '{late} of {threats} grave threats had no answer within {hours} hours; the slowest took {slowest}.',
            '{late} von {threats} schweren Bedrohungen blieben länger als {hours} Stunden ohne Reaktion; die langsamste {slowest} Stunden.',
            '{late} des {threats} menaces graves sont restées sans réponse plus de {hours} heures ; la plus lente {slowest} heures.',
            '{late} de {threats} amenazas graves no tuvieron respuesta en {hours} horas; la más lenta tardó {slowest}.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {threats} grave threats were stopped, contained or judged within {hours} hours; {waiting} are still in time.',
          'Alle {threats} schweren Bedrohungen wurden binnen {hours} Stunden gestoppt, eingedämmt oder beurteilt; {waiting} sind noch in der Frist.',
          'Les {threats} menaces graves ont été arrêtées, confinées ou jugées en moins de {hours} heures ; {waiting} sont encore dans le délai.',
          'Las {threats} amenazas graves se detuvieron, contuvieron o evaluaron en {hours} horas; {waiting} siguen en plazo.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'incidents.handled',
    title: words(
      'No grave incident is open beyond the objective',
      'Kein schwerer Vorfall ist über die Frist hinaus offen',
      'Aucun incident grave n’est ouvert au-delà de l’objectif',
      'Ningún incidente grave sigue abierto más allá del objetivo',
    ),
    evidence: ['incidents'],
    judge({ rows, collectedMs }, { settings }) {
      const grave = graveOnes(rows('incidents'));
      if (grave.length === 0) return notApplicable(NO_INCIDENTS);
      const hours = settings.objectives.threatResponseHours;
      const since = collectedMs('incidents') - hours * 3_600_000;
      const open = grave.filter((row) => row['status'] === 'open' && Date.parse(text(row, 'first_seen')) < since);
      const values = { grave: grave.length, open: open.length, hours, agents: listed(open.map((row) => text(row, 'agent'))) };
      if (open.length > 0) {
        return fail(
          words(
            '{open} of {grave} grave incidents have been open for more than {hours} hours, of {agents}.',
            '{open} von {grave} schweren Vorfällen sind seit mehr als {hours} Stunden offen, von {agents}.',
            '{open} des {grave} incidents graves sont ouverts depuis plus de {hours} heures, de {agents}.',
            '{open} de {grave} incidentes graves llevan abiertos más de {hours} horas, de {agents}.',
          ),
          values,
        );
      }
      return pass(
        words(
          'None of {grave} grave incidents is open for more than {hours} hours.',
          'Keiner der {grave} schweren Vorfälle ist länger als {hours} Stunden offen.',
          'Aucun des {grave} incidents graves n’est ouvert depuis plus de {hours} heures.',
          'Ninguno de los {grave} incidentes graves lleva abierto más de {hours} horas.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'incidents.contained',
    title: words(
      'Repeated attackers were contained or looked at',
      'Wiederholte Angreifer wurden eingedämmt oder untersucht',
      'Les attaquants répétés ont été confinés ou examinés',
      'Los atacantes reincidentes se contuvieron o examinaron',
    ),
    evidence: ['incidents', 'quarantines'],
    judge({ rows }) {
      const byAgent = Map.groupBy(graveOnes(rows('incidents')), (row) => text(row, 'agent'));
      const kept = new Set(
        rows('quarantines')
          .filter((row) => row['action'] === 'quarantine.set')
          .map((row) => text(row, 'target').replace(/^[^/]*\//, '')),
      );
      const got = (row: Row) => number(row, 'threats') > number(row, 'blocked');
      const repeated = [...byAgent].filter(
        ([, of]) => of.filter(got).length >= REPEATED_INCIDENTS || of.some((row) => got(row) && number(row, 'threats') >= REPEATED_THREATS),
      );
      if (repeated.length === 0) {
        return notApplicable(
          words(
            'No agent attacked repeatedly with something that was not blocked.',
            'Kein Agent hat wiederholt mit etwas angegriffen, das nicht blockiert wurde.',
            'Aucun agent n’a attaqué de façon répétée sans être bloqué.',
            'Ningún agente atacó repetidamente con algo que no se bloqueara.',
          ),
        );
      }
      const loose = repeated
        .filter(([agent, of]) => !kept.has(agent) && of.every((row) => text(row, 'containment') === '' && number(row, 'judged') === 0))
        .map(([agent]) => agent);
      const values = { loose: loose.length, repeated: repeated.length, agents: listed(loose) };
      if (loose.length > 0) {
        return fail(
          words(
            '{loose} of {repeated} repeated attackers were neither contained nor judged by a person: {agents}.',
            '{loose} von {repeated} wiederholten Angreifern wurden weder eingedämmt noch von einer Person beurteilt: {agents}.',
            '{loose} des {repeated} attaquants répétés n’ont été ni confinés ni jugés par une personne : {agents}.',
            '{loose} de {repeated} atacantes reincidentes no se contuvieron ni los evaluó nadie: {agents}.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {repeated} repeated attackers were contained, or their threats judged by a person.',
          'Alle {repeated} wiederholten Angreifer wurden eingedämmt oder ihre Bedrohungen von einer Person beurteilt.',
          'Les {repeated} attaquants répétés ont été confinés, ou leurs menaces jugées par une personne.',
          'Los {repeated} atacantes reincidentes se contuvieron, o una persona evaluó sus amenazas.',
        ),
        values,
      );
    },
  }),
];
