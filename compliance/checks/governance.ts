/** What parts that do not exist yet would show. Each stays a gap, whatever else is in order. */
import { words } from '../localized.ts';
import type { Localized } from '../types.ts';
import { check, gap } from './make.ts';

const NOT_JUDGED = words(
  'There is nothing yet to judge this by.',
  'Dafür gibt es noch keine Beurteilungsgrundlage.',
  'Il n’y a pas encore de quoi en juger.',
  'Aún no hay con qué evaluarlo.',
);

const notYet = (id: string, collector: string, title: Localized) =>
  check({ id, title, evidence: [collector], judge: () => gap(NOT_JUDGED) });

export const GOVERNANCE = [
  notYet(
    'governance.policies',
    'policies',
    words(
      'Policies are kept as data',
      'Richtlinien werden als Daten geführt',
      'Les politiques sont tenues comme données',
      'Las políticas se mantienen como datos',
    ),
  ),
  notYet(
    'governance.identities',
    'identities',
    words('Identities have roles', 'Identitäten haben Rollen', 'Les identités ont des rôles', 'Las identidades tienen roles'),
  ),
  notYet(
    'governance.assets',
    'assets',
    words('Assets have owners', 'Werte haben Verantwortliche', 'Les actifs ont des responsables', 'Los activos tienen responsables'),
  ),
];
