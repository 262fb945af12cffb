import { words } from '../localized.ts';
import { notBuilt } from './not-built.ts';

export const identities = notBuilt(
  'identities',
  words('Identities and roles', 'Identitäten und Rollen', 'Identités et rôles', 'Identidades y roles'),
);
