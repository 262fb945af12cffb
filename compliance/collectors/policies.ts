import { words } from '../localized.ts';
import { notBuilt } from './not-built.ts';

export const policies = notBuilt(
  'policies',
  words('Policies as data', 'Richtlinien als Daten', 'Politiques sous forme de données', 'Políticas como datos'),
);
