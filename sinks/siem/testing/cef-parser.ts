/**
 * A reader of syslog streams and of CEF, written from RFC 5424, RFC 6587 and ArcSight's guide and not from our writer, so
 * that a test of the writer has another opinion to hold it against. It throws at whatever the rules do not allow.
 */
export interface SyslogMessage {
  facility: number;
  severity: number;
  timestamp: string;
  hostname: string;
  appName: string;
  msgId: string;
  parameters: Map<string, string>;
  body: string;
}

export interface CefRecord {
  header: string[];
  extension: Map<string, string>;
}

/** Octet counting: length, blank, that many bytes. */
export function parseStream(bytes: Buffer): string[] {
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at);
    const digits = bytes.subarray(at, blank).toString('latin1');
    if (blank < 0 || !/^[1-9]\d*$/.test(digits)) throw new Error(`no length at byte ${at}`);
    const end = blank + 1 + Number(digits);
    if (end > bytes.length) throw new Error('a message is cut');
    out.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(blank + 1, end)));
    at = end;
  }
  return out;
}

export function parseSyslog(line: string): SyslogMessage {
  const head = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) \[([^ \]="]+)/.exec(line);
  if (!head) throw new Error('not a header of RFC 5424 with structured data');
  const [whole, priority, timestamp, hostname, appName, , msgId] = head as unknown as string[];
  const parameters = new Map<string, string>();
  let at = (whole as string).length;
  while (line[at] === ' ') {
    const name = /[^ \]="]+(?==")/y;
    name.lastIndex = at + 1;
    const key = name.exec(line)?.[0];
    if (key === undefined) throw new Error('a parameter without a name');
    let value = '';
    for (at = name.lastIndex + 2; line[at] !== '"'; at++) {
      if (at >= line.length || line[at] === ']') throw new Error('a parameter value without an end');
      if (line[at] === '\\' && /["\\\]]/.test(line[at + 1] ?? '')) at++;
      value += line[at];
    }
    if (parameters.has(key)) throw new Error(`the parameter ${key} is there twice`);
    parameters.set(key, value);
    at++;
  }
  if (line[at] !== ']' || line[at + 1] !== ' ') throw new Error('structured data without an end');
  const number = Number(priority);
  return {
    facility: number >> 3,
    severity: number & 7,
    timestamp: timestamp as string,
    hostname: hostname as string,
    appName: appName as string,
    msgId: msgId as string,
    parameters,
    body: line.slice(at + 2),
  };
}

export function parseCef(text: string): CefRecord {
  const header: string[] = [];
  let field = '';
  let at = 0;
  for (; at < text.length && header.length < 7; at++) {
    const character = text[at] as string;
    if (character === '\\') {
      at++;
      if (text[at] !== '\\' && text[at] !== '|') throw new Error('an unknown escape in the header');
      field += text[at];
    } else if (character === '|') {
      header.push(field);
      field = '';
    } else field += character;
  }
  if (header.length !== 7 || header[0] !== 'CEF:0') throw new Error('not a CEF header');

  // A field begins where a key stands before a "=" that is not escaped; its value goes up to the blank before the next key.
  const extension = new Map<string, string>();
  const starts: { key: string; from: number; value: number }[] = [];
  for (let i = at; i < text.length; i++) {
    if (text[i] === '\\') {
      i++;
      if (!/[\\=nr]/.test(text[i] ?? '')) throw new Error('an unknown escape in the extension');
    } else if (text[i] === '=') {
      const key = /(?:^| )([A-Za-z0-9_]+)$/.exec(text.slice(at, i))?.[1];
      if (key === undefined) throw new Error('a "=" without a key before it');
      starts.push({ key, from: i - key.length - 1, value: i + 1 });
    }
  }
  starts.forEach(({ key, value }, n) => {
    if (extension.has(key)) throw new Error(`the key ${key} is there twice`);
    const raw = text.slice(value, starts[n + 1]?.from ?? text.length);
    extension.set(
      key,
      raw.replace(/\\([\\=nr])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped === 'r' ? '\r' : escaped)),
    );
  });
  return { header, extension };
}
