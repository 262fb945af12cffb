/**
 * Whether a text ends with a pattern, read from the end. The same pattern with `$` would be tried from every start,
 * which is dear for long lists of words; read backwards its last letters decide.
 */

/** `pattern` ends with `$`. */
export function endingWith({ source, flags }: RegExp): (text: string) => boolean {
  const backwards = new RegExp(`(?<=${source.slice(0, -1)})`, `${flags}y`);
  return (text) => {
    backwards.lastIndex = text.length;
    return backwards.test(text);
  };
}
