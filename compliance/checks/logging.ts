/** Is the log whole? */
import { words } from '../localized.ts';
import { check, fail, gap, notApplicable, number, pass, sum, text } from './make.ts';

const NO_TRAFFIC = words(
  'There was no traffic in the window.',
  'Im Zeitraum gab es keinen Verkehr.',
  'Il n’y a eu aucun trafic pendant la période.',
  'No hubo tráfico en el periodo.',
);

export const LOGGING = [
  check({
    id: 'logging.complete',
    title: words(
      'Emitted, stored and reported are equal in every hour',
      'Erzeugt, gespeichert und berichtet stimmen in jeder Stunde überein',
      'Émis, stocké et rapporté sont égaux à chaque heure',
      'Lo emitido, lo almacenado y lo mostrado coinciden en cada hora',
    ),
    evidence: ['logging-completeness', 'interactions'],
    judge({ rows }) {
      const hours = rows('logging-completeness');
      if (hours.length === 0) {
        const count = sum(rows('interactions'), 'interactions');
        if (count === 0) return notApplicable(NO_TRAFFIC);
        return gap(
          words(
            'The books have no hour of this window, although the view shows {count} interactions.',
            'Die Bücher kennen keine Stunde dieses Zeitraums, obwohl die Ansicht {count} Interaktionen zeigt.',
            'Les registres ne contiennent aucune heure de cette période, alors que la vue montre {count} interactions.',
            'Los libros no tienen ninguna hora de este periodo, aunque la vista muestra {count} interacciones.',
          ),
          { count },
        );
      }
      const uneven = hours.filter(
        (row) => new Set([number(row, 'accepted'), number(row, 'events'), number(row, 'rows'), number(row, 'lake')]).size > 1,
      );
      const [accepted, events] = [sum(hours, 'accepted'), sum(hours, 'events')];
      if (uneven.length > 0) {
        return fail(
          words(
            'In {uneven} of {hours} lines the books differ, first in the hour {first}: {accepted} accepted, {events} in the log.',
            'In {uneven} von {hours} Zeilen weichen die Bücher voneinander ab, zuerst in der Stunde {first}: {accepted} angenommen, {events} im Protokoll.',
            'Les registres diffèrent dans {uneven} lignes sur {hours}, d’abord à l’heure {first} : {accepted} acceptées, {events} dans le journal.',
            'Los libros difieren en {uneven} de {hours} líneas, primero en la hora {first}: {accepted} aceptadas, {events} en el registro.',
          ),
          { uneven: uneven.length, hours: hours.length, first: text(uneven[0] ?? {}, 'hour'), accepted, events },
        );
      }
      return pass(
        words(
          '{accepted} accepted = {events} in the log = rows in the view = rows in the lake, in each of {hours} lines of hour and status.',
          '{accepted} angenommen = {events} im Protokoll = Zeilen der Ansicht = Zeilen im Data Lake, in jeder der {hours} Zeilen aus Stunde und Status.',
          '{accepted} acceptées = {events} dans le journal = lignes de la vue = lignes du lac de données, pour chacune des {hours} lignes d’heure et de statut.',
          '{accepted} aceptadas = {events} en el registro = filas de la vista = filas del lago de datos, en cada una de las {hours} líneas de hora y estado.',
        ),
        { accepted, events, hours: hours.length },
      );
    },
  }),
  check({
    id: 'logging.unbroken',
    title: words(
      'No number of a gateway is missing',
      'Keine Nummer eines Gateways fehlt',
      'Aucun numéro de passerelle ne manque',
      'No falta ningún número de una pasarela',
    ),
    evidence: ['sequence-gaps'],
    judge({ rows }) {
      const gateways = rows('sequence-gaps');
      if (gateways.length === 0) return notApplicable(NO_TRAFFIC);
      const [missing, present] = [sum(gateways, 'missing'), sum(gateways, 'present')];
      const values = { missing, present, gateways: gateways.length };
      if (missing > 0) {
        return fail(
          words(
            '{missing} numbers are missing beside {present} that are there, of {gateways} gateways.',
            'Neben {present} vorhandenen Nummern fehlen {missing}, bei {gateways} Gateways.',
            '{missing} numéros manquent à côté des {present} présents, pour {gateways} passerelles.',
            'Faltan {missing} números junto a los {present} presentes, de {gateways} pasarelas.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {present} numbers of {gateways} gateways are there, without a gap.',
          'Alle {present} Nummern von {gateways} Gateways sind lückenlos vorhanden.',
          'Les {present} numéros de {gateways} passerelles sont tous présents, sans lacune.',
          'Están los {present} números de {gateways} pasarelas, sin huecos.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'logging.active',
    title: words(
      'There was traffic, and it was logged',
      'Es gab Verkehr, und er wurde protokolliert',
      'Il y a eu du trafic, et il a été journalisé',
      'Hubo tráfico y quedó registrado',
    ),
    evidence: ['interactions'],
    judge({ rows }) {
      const count = sum(rows('interactions'), 'interactions');
      if (count === 0) return notApplicable(NO_TRAFFIC);
      const days = new Set(rows('interactions').map((row) => text(row, 'day'))).size;
      return pass(
        words(
          '{count} interactions were logged on {days} days.',
          'An {days} Tagen wurden {count} Interaktionen protokolliert.',
          '{count} interactions ont été journalisées sur {days} jours.',
          'Se registraron {count} interacciones en {days} días.',
        ),
        { count, days },
      );
    },
  }),
  check({
    id: 'logging.audit-trail',
    title: words(
      'Actions of people and parts are in the audit log',
      'Aktionen von Menschen und Bestandteilen stehen im Audit-Protokoll',
      'Les actions des personnes et des composants figurent au journal d’audit',
      'Las acciones de personas y componentes constan en el registro de auditoría',
    ),
    evidence: ['audit-trail'],
    judge({ rows }) {
      const trail = rows('audit-trail');
      const events = sum(trail, 'events');
      if (events === 0) {
        return gap(
          words(
            'The audit log has no event in the window, not even of a gateway that started.',
            'Das Audit-Protokoll hat im Zeitraum kein Ereignis, nicht einmal den Start eines Gateways.',
            'Le journal d’audit ne contient aucun événement pour la période, pas même un démarrage de passerelle.',
            'El registro de auditoría no tiene ningún evento en el periodo, ni siquiera el arranque de una pasarela.',
          ),
        );
      }
      if (trail.some((row) => text(row, 'actor') === '' || text(row, 'action') === '')) {
        return fail(
          words(
            'Of {events} events some do not say who acted, or what was done.',
            'Von {events} Ereignissen sagen manche nicht, wer gehandelt hat oder was getan wurde.',
            'Sur {events} événements, certains ne disent pas qui a agi ou ce qui a été fait.',
            'De {events} eventos, algunos no dicen quién actuó o qué se hizo.',
          ),
          { events },
        );
      }
      return pass(
        words(
          '{events} events of {actors} actors and {actions} kinds are in the audit log.',
          'Im Audit-Protokoll stehen {events} Ereignisse von {actors} Handelnden und {actions} Arten.',
          'Le journal d’audit contient {events} événements de {actors} auteurs et de {actions} natures.',
          'El registro de auditoría contiene {events} eventos de {actors} autores y {actions} tipos.',
        ),
        {
          events,
          actors: new Set(trail.map((row) => text(row, 'actor'))).size,
          actions: new Set(trail.map((row) => text(row, 'action'))).size,
        },
      );
    },
  }),
];
