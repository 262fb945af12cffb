/** Signs that a format cannot carry are told by their code, so that nothing vanishes and two texts never look the same. */
export function told(sign: string): string {
  return `‹U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`;
}

/** Control signs and halves of signs, which neither XML nor HTML can hold, even escaped. */
export function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]|\p{Cs}/gu, told);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For XML and HTML, in text and in quoted attributes. */
export function escapeMarkup(text: string): string {
  return printable(text.replace(/\r\n?/g, '\n')).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}

/** What a spreadsheet would take for a formula. */
export const looksLikeFormula = (text: string): boolean => /^[=+\-@\t\r]/.test(text);
