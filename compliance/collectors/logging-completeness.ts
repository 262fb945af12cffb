/** The four books by hour and status: what gateways accepted, what the log has, what the view shows, what the lake keeps. */
import { reason, words } from '../localized.ts';
import { columns } from './columns.ts';
import type { EvidenceCollector } from './context.ts';
import { gap, PAST_DAYS, standing } from './sql.ts';

const QUERY = 'parapet reconcile: ledgers of the gateways, events of the log, rows of the view, rows of the lake';

/** The books are of all organisations: a gateway's ledger does not tell them apart. */
export const loggingCompleteness: EvidenceCollector = {
  id: 'logging-completeness',
  version: 1,
  title: words(
    'Completeness of logging, by hour',
    'Vollständigkeit der Protokollierung nach Stunden',
    'Exhaustivité de la journalisation, par heure',
    'Integridad del registro, por hora',
  ),
  source: 'log',
  columns: columns('hour', 'status', 'accepted', 'events', 'rows', 'lake'),
  validDays: PAST_DAYS,
  async collect(context) {
    const books = await context.books();
    if (books === undefined) return gap(context, QUERY, UNREAD);
    const { from, to } = context.window;
    const rows = books.hours
      .filter(({ hour }) => Date.parse(hour) >= Date.parse(from) && Date.parse(hour) < Date.parse(to))
      .sort((a, b) => a.hour.localeCompare(b.hour) || a.status.localeCompare(b.status))
      .map(({ hour, status, accepted, events, rows, lake }) => ({ hour, status, accepted, events, rows, lake }));
    const { lost, duplicated } = books.totals;
    return { query: QUERY, parameters: { ...standing(context), lost, duplicated }, rows };
  },
};

const UNREAD = reason(
  words(
    'This process cannot read the gateways’ ledgers. Collect on the machine that holds the data folder.',
    'Dieser Prozess kann die Bücher der Gateways nicht lesen. Sammeln Sie dort, wo der Datenordner liegt.',
    'Ce processus ne peut pas lire les registres des passerelles. Collectez sur la machine qui détient le dossier de données.',
    'Este proceso no puede leer los libros de las pasarelas. Recopile en la máquina que tiene la carpeta de datos.',
  ),
);
