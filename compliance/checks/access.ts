/** Who may enter, with how old a key, and who read what people wrote? */
import { words } from '../localized.ts';
import type { Row } from '../types.ts';
import { check, DAY_MS, fail, gap, listed, NO_CALLS, notApplicable, number, pass, round, sum, text } from './make.ts';

const known = (rows: readonly Row[]) => rows.filter((row) => row['state'] === 'known');
const ageless = (rows: readonly Row[]) => rows.filter((row) => text(row, 'created_at') === '');
const daysOld = (row: Row, name: string, nowMs: number) => (nowMs - Date.parse(text(row, name))) / DAY_MS;

export const ACCESS = [
  check({
    id: 'keys.age',
    title: words(
      'Keys are younger than the objective',
      'Schlüssel sind jünger als der Zielwert',
      'Les clés sont plus récentes que l’objectif',
      'Las claves son más recientes que el objetivo',
    ),
    evidence: ['encryption-keys', 'api-keys'],
    judge({ rows, collectedMs }, { settings }) {
      const { masterKeyDays, apiKeyDays } = settings.objectives;
      const master = rows('encryption-keys').find((row) => row['kind'] === 'master key');
      const api = known(rows('api-keys'));
      const now = collectedMs('encryption-keys');
      const masterDays = master === undefined || text(master, 'oldest_at') === '' ? null : daysOld(master, 'oldest_at', now);
      const old = api
        .filter((row) => text(row, 'created_at') !== '' && daysOld(row, 'created_at', now) > apiKeyDays)
        .map((row) => text(row, 'key_id'));
      const values = {
        masterDays: masterDays === null ? null : round(masterDays, 0),
        masterKeyDays,
        apiKeyDays,
        keys: api.length,
        old: listed(old) || '–',
      };
      if (old.length > 0 || (masterDays !== null && masterDays > masterKeyDays)) {
        return fail(
          words(
            'The master key is {masterDays} days old ({masterKeyDays} allowed); API keys older than {apiKeyDays} days: {old}.',
            'Der Hauptschlüssel ist {masterDays} Tage alt (erlaubt: {masterKeyDays}); API-Schlüssel älter als {apiKeyDays} Tage: {old}.',
            'La clé maîtresse a {masterDays} jours ({masterKeyDays} admis) ; clés d’API de plus de {apiKeyDays} jours : {old}.',
            'La clave maestra tiene {masterDays} días ({masterKeyDays} admitidos); claves de API de más de {apiKeyDays} días: {old}.',
          ),
          values,
        );
      }
      if (masterDays === null || ageless(api).length > 0 || api.length === 0) {
        return gap(
          words(
            'The age of the master key or of some of {keys} API keys is not known: rotate them, or attest to their age.',
            'Das Alter des Hauptschlüssels oder mancher der {keys} API-Schlüssel ist unbekannt: Erneuern Sie sie oder bestätigen Sie ihr Alter.',
            'L’âge de la clé maîtresse ou de certaines des {keys} clés d’API est inconnu : renouvelez-les ou attestez leur âge.',
            'Se desconoce la edad de la clave maestra o de alguna de {keys} claves de API: renuévelas o declare su edad.',
          ),
          values,
        );
      }
      return pass(
        words(
          'The master key is {masterDays} days old ({masterKeyDays} allowed), and none of {keys} API keys is older than {apiKeyDays} days.',
          'Der Hauptschlüssel ist {masterDays} Tage alt (erlaubt: {masterKeyDays}), keiner der {keys} API-Schlüssel ist älter als {apiKeyDays} Tage.',
          'La clé maîtresse a {masterDays} jours ({masterKeyDays} admis) et aucune des {keys} clés d’API n’a plus de {apiKeyDays} jours.',
          'La clave maestra tiene {masterDays} días ({masterKeyDays} admitidos) y ninguna de {keys} claves de API supera {apiKeyDays} días.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'access.keys',
    title: words(
      'Clients authenticate with keys of known age',
      'Clients weisen sich mit Schlüsseln bekannten Alters aus',
      'Les clients s’authentifient avec des clés d’âge connu',
      'Los clientes se autentican con claves de edad conocida',
    ),
    evidence: ['api-keys', 'agent-inventory'],
    judge({ rows, collectedMs }, { settings }) {
      const keys = rows('api-keys');
      const days = settings.objectives.apiKeyDays;
      const keyless = sum(
        keys.filter((row) => row['state'] === 'no key'),
        'interactions',
      );
      const used = keys.filter((row) => number(row, 'interactions') > 0);
      const old = known(keys)
        .filter((row) => text(row, 'created_at') !== '' && daysOld(row, 'created_at', collectedMs('api-keys')) > days)
        .map((row) => text(row, 'key_id'));
      const values = { keyless, days, used: used.length, agents: rows('agent-inventory').length, old: listed(old) || '–' };
      if (keyless > 0 || old.length > 0) {
        return fail(
          words(
            '{keyless} calls reached a vendor without a key; keys older than {days} days: {old}.',
            '{keyless} Aufrufe erreichten einen Anbieter ohne Schlüssel; Schlüssel älter als {days} Tage: {old}.',
            '{keyless} appels ont atteint un fournisseur sans clé ; clés de plus de {days} jours : {old}.',
            '{keyless} llamadas llegaron a un proveedor sin clave; claves de más de {days} días: {old}.',
          ),
          values,
        );
      }
      if (used.length === 0) return notApplicable(NO_CALLS);
      if (ageless(used).length > 0) {
        return gap(
          words(
            'All calls came with a key, but of some of {used} used keys the age is not known, or they are no longer in the file.',
            'Alle Aufrufe kamen mit Schlüssel, doch das Alter mancher der {used} benutzten Schlüssel ist unbekannt, oder sie stehen nicht mehr in der Datei.',
            'Tous les appels portaient une clé, mais l’âge de certaines des {used} clés utilisées est inconnu, ou elles ne sont plus au fichier.',
            'Todas las llamadas llevaban clave, pero se desconoce la edad de alguna de {used} claves usadas o ya no están en el archivo.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All calls of {agents} agents came with one of {used} keys, none older than {days} days.',
          'Alle Aufrufe von {agents} Agenten kamen mit einem von {used} Schlüsseln, keiner älter als {days} Tage.',
          'Tous les appels de {agents} agents portaient une des {used} clés, aucune de plus de {days} jours.',
          'Todas las llamadas de {agents} agentes llevaban una de {used} claves, ninguna de más de {days} días.',
        ),
        values,
      );
    },
  }),
  check({
    id: 'access.clear-text',
    title: words(
      'Every reading of clear text has a reason',
      'Jeder Lesezugriff auf Klartext ist begründet',
      'Toute lecture de texte en clair est motivée',
      'Toda lectura de texto en claro está motivada',
    ),
    evidence: ['clear-text-access'],
    judge({ rows }) {
      const reads = rows('clear-text-access');
      if (reads.length === 0) {
        return notApplicable(
          words(
            'Nobody read clear text in the window.',
            'Im Zeitraum hat niemand Klartext gelesen.',
            'Personne n’a lu de texte en clair pendant la période.',
            'Nadie leyó texto en claro en el periodo.',
          ),
        );
      }
      const bare = reads.filter((row) => row['reason_given'] !== true || text(row, 'actor') === '');
      const values = { reads: reads.length, bare: bare.length, people: new Set(reads.map((row) => text(row, 'actor'))).size };
      if (bare.length > 0) {
        return fail(
          words(
            '{bare} of {reads} readings of clear text give no reason or no name.',
            '{bare} von {reads} Lesezugriffen auf Klartext nennen keinen Grund oder keinen Namen.',
            '{bare} lectures de texte en clair sur {reads} n’indiquent pas de motif ou pas de nom.',
            '{bare} de {reads} lecturas de texto en claro no indican motivo o nombre.',
          ),
          values,
        );
      }
      return pass(
        words(
          'All {reads} readings of clear text by {people} people give a reason.',
          'Alle {reads} Lesezugriffe auf Klartext durch {people} Personen sind begründet.',
          'Les {reads} lectures de texte en clair par {people} personnes sont motivées.',
          'Las {reads} lecturas de texto en claro de {people} personas están motivadas.',
        ),
        values,
      );
    },
  }),
];
