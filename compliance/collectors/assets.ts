import { words } from '../localized.ts';
import { notBuilt } from './not-built.ts';

export const assets = notBuilt(
  'assets',
  words('Assets and their owners', 'Werte und ihre Verantwortlichen', 'Actifs et leurs responsables', 'Activos y sus responsables'),
);
