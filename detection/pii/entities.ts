/**
 * The kinds of sensitive data. An entity's type is its standard name (`EMAIL_ADDRESS`, as other tools have it); its
 * label is what stands in a masked text and in the counts (`[EMAIL]`), short and the same whatever the country.
 */

/** Types whose label is not the type itself. */
const LABELS: Record<string, string> = {
  EMAIL_ADDRESS: 'EMAIL',
  PHONE_NUMBER: 'PHONE',
  IBAN_CODE: 'IBAN',
  US_SSN: 'SSN',
  UK_NHS: 'NHS_NUMBER',
  STREET_ADDRESS: 'ADDRESS',
};

/** Types that tell something about people but single nobody out: found when asked for, left alone by default. */
export const GENERAL: ReadonlySet<string> = new Set(['LOCATION', 'ORGANIZATION', 'DATE_TIME', 'NRP', 'AGE', 'URL', 'ZIP_CODE']);

export function labelOf(type: string): string {
  return LABELS[type] ?? type;
}

/** True for what is identifying by its own form. People's names and streets are told by the words around them, which costs several times as much. */
export function isSelfEvident(type: string): boolean {
  return isIdentifying(type) && type !== 'PERSON' && type !== 'STREET_ADDRESS';
}

/** True for what is hidden unless a caller names other types. */
export function isIdentifying(type: string): boolean {
  return !GENERAL.has(type);
}
