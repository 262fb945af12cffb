/**
 * Sets a payload into a carrier: the slots filled, the payload dressed as such a document would hold it (a comment, a quote,
 * a field). Attack and harmless payloads are dressed by the same dice, so that the dress tells nothing.
 */
import type { Dice } from './dice.ts';
import { type BenignKind, type Carrier, type Fill, type Form, PAYLOAD_SLOT, type Words } from './seeds.ts';

type Dress = (payload: string) => string;

const asIs: Dress = (payload) => payload;
const htmlComment: Dress = (payload) => `<!-- ${payload.replaceAll('--', '–')} -->`;
const hiddenSpan: Dress = (payload) => `<span style="display:none">${payload}</span>`;
const altText: Dress = (payload) => `<img src="spacer.gif" alt="${oneLine(payload).replaceAll('"', "'")}">`;
const quotedMail: Dress = (payload) => `\n\n${prefixed(payload, '> ')}\n\n`;
const blockquote: Dress = (payload) => `\n\n> **Note** ${oneLine(payload)}\n\n`;
const fence: Dress = (payload) => `\n\`\`\`\n${payload}\n\`\`\`\n`;
const listItem: Dress = (payload) => `\n- ${oneLine(payload)}\n`;
const jsonField: Dress = (payload) => JSON.stringify({ note: payload });
const blockComment: Dress = (payload) => `/* ${payload.replaceAll('*/', '')} */`;

/** Besides as it is. Only forms whose carriers take the dress wherever their slot stands. */
const DRESSES: Partial<Record<Form, Dress[]>> = {
  email: [quotedMail, htmlComment, listItem],
  web_page: [htmlComment, hiddenSpan, altText],
  code: [blockComment],
  tool_result: [jsonField, htmlComment],
  document: [blockquote, listItem, htmlComment],
  chat: [quotedMail],
  ticket: [quotedMail, fence, htmlComment],
  review: [htmlComment],
  readme: [htmlComment, blockquote, fence],
  resume: [hiddenSpan, listItem],
};
/** The share of payloads that are dressed; the rest stand as they are. */
const DRESSED = 0.35;

/** Not a slot's brace, and not the bracket of a time or a level before a chat or log line. */
const JSON_START = /^\s*(?:\{\s*"|\[\s*[{"])/;

const BENIGN_KIND: Record<Form, BenignKind> = {
  email: 'benign_email',
  web_page: 'benign_document',
  code: 'benign_code',
  tool_result: 'benign_tool_result',
  document: 'benign_document',
  table: 'benign_tool_result',
  chat: 'benign_conversation',
  ticket: 'benign_document',
  calendar: 'benign_tool_result',
  log: 'benign_tool_result',
  review: 'benign_document',
  readme: 'benign_document',
  resume: 'benign_document',
  transcript: 'benign_conversation',
};

export function benignKindOf(form: Form): BenignKind {
  return BENIGN_KIND[form];
}

/** The carrier with the payload in its slot, or without one when there is none to set. */
export function compose(carrier: Carrier, payload: string | undefined, fill: (text: string) => string, dice: Dice): string {
  const dresses = DRESSES[carrier.form];
  const dress = dresses !== undefined && dice() < DRESSED ? dresses[Math.floor(dice() * dresses.length)] : undefined;
  const dressed = payload === undefined ? '' : (dress ?? asIs)(payload);
  const [before = '', after = ''] = carrier.text.split(PAYLOAD_SLOT);
  return fill(tidy(before + fitted(dressed, carrier, before) + after));
}

/** Fills for one document: the same slot gets the same word throughout it. */
export function filler(words: Words, dice: Dice): (text: string) => string {
  const pick = (from: readonly string[]): string => from[Math.floor(dice() * from.length)] ?? '';
  const number = (least: number, most: number): number => least + Math.floor(dice() * (most - least + 1));
  const site = `${pick(['harbour', 'linden', 'norwind', 'quarry', 'saltmill', 'tern', 'umber', 'veld'])}.example`;
  const day = String(number(1, 28)).padStart(2, '0');
  const month = String(number(1, 12)).padStart(2, '0');
  const fills: Record<Fill, string> = {
    person: pick(words.person),
    company: pick(words.company),
    product: pick(words.product),
    city: pick(words.city),
    email: `${pick(['office', 'a.keller', 'm.rossi', 'j.tan', 'desk', 'ines', 'support', 'k.nowak'])}@${site}`,
    url: `https://${site}/${pick(['docs', 'orders', 'notes', 'pages', 'help', 'files'])}/${number(100, 9999)}`,
    date: pick([`20${number(23, 26)}-${month}-${day}`, `${day}.${month}.20${number(23, 26)}`, `${day}/${month}/${number(23, 26)}`]),
    amount: `${number(3, 4800)}.${String(number(0, 99)).padStart(2, '0')}`,
    id: pick([`${number(1000, 99999)}`, `A-${number(100, 9999)}`, `${number(10, 99)}-${number(10000, 99999)}`]),
  };
  return (text) => Object.entries(fills).reduce((filled, [slot, word]) => filled.replaceAll(`{{${slot}}}`, word), text);
}

/** A payload keeps its document well formed: escaped inside JSON, on one line in a row or a log, commented to its last line in code. */
function fitted(payload: string, { form, text }: Carrier, before: string): string {
  if (form !== 'code' && JSON_START.test(text)) return JSON.stringify(payload).slice(1, -1);
  if (form === 'table' && before.endsWith('"')) return oneLine(payload).replaceAll('"', '""');
  if (form === 'table' || form === 'log') return oneLine(payload);
  const comment = /^[ \t]*(?:#|\/\/|--|\*)[ \t]*/.exec(before.slice(before.lastIndexOf('\n') + 1))?.[0];
  if (form === 'code' && comment !== undefined) return payload.replaceAll('\n', `\n${comment}`);
  return payload;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

function prefixed(text: string, prefix: string): string {
  return text.replace(/^/gm, prefix);
}

/** No gap betrays where a payload stood or was left out. */
function tidy(text: string): string {
  return text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
