/** CEF in syslog, read back by a parser that was written from the rules alone (testing/cef-parser.ts). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnalystVerdict, AuditEvent, Threat } from '../../schemas/types.ts';
import { createFixtures } from '../fixtures.ts';
import { toCef } from './cef.ts';
import { eventsOf, type SiemRecords, type SiemTopic, toEvent } from './event.ts';
import { toJson } from './json.ts';
import { frame, type MessageOptions, syslogMessage } from './syslog-message.ts';
import { parseCef, parseStream, parseSyslog } from './testing/cef-parser.ts';
import { hostileAudit, hostileThreat, hostileVerdict } from './testing/hostile.ts';

const fixtures = createFixtures();
const OPTIONS: MessageOptions = {
  format: 'cef',
  facility: 16,
  hostname: 'gw-1',
  appName: 'parapet',
  enterpriseId: 32_473,
  version: '0.1.0',
  maxBytes: 8_192,
};
const cef = (threat: Threat, maxBytes = 100_000) => toCef(toEvent('threats', threat), { version: '0.1.0', maxBytes }) ?? 'does not fit';

const THREAT_KEYS = new Set(
  [
    ...['rt', 'externalId', 'cat', 'act', 'suser', 'msg', 'cn1', 'cn1Label', 'cfp1', 'cfp1Label'],
    ...[1, 2, 3, 4, 5, 6].flatMap((n) => [`cs${n}`, `cs${n}Label`]),
    ...['ConversationID', 'Direction', 'Layer', 'Vendor'].map((name) => `ParapetGateway${name}`),
  ].sort(),
);
const AUDIT_KEYS = new Set([
  ...['rt', 'externalId', 'cat', 'act', 'outcome', 'suser', 'src', 'c6a2', 'c6a2Label', 'reason', 'ParapetGatewayTraceID'],
  ...[1, 4, 5, 6].flatMap((n) => [`cs${n}`, `cs${n}Label`]),
]);
const VERDICT_KEYS = new Set([
  ...['rt', 'externalId', 'cat', 'act', 'suser', 'msg', 'ParapetGatewayDirection', 'ParapetGatewayLayer'],
  ...[1, 2, 3, 4, 5].flatMap((n) => [`cs${n}`, `cs${n}Label`]),
]);
const LENGTHS: Record<string, number> = { act: 63, externalId: 40, cs1: 4_000, cs2: 4_000, cs3: 4_000, cs4: 4_000, cs5: 4_000, cs6: 4_000 };
/** Everything that a terminal, a log viewer or a line reader could act upon. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** What a text is expected to read as at the receiver, character by character. */
function received(text: string): string {
  const out: string[] = [];
  for (const character of text.replaceAll('\r\n', '\n')) {
    const code = character.codePointAt(0) as number;
    const isBreak = [0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029].includes(code);
    if (isBreak) out.push('\n');
    else if (code === 9) out.push(' ');
    else out.push(UNSAFE.test(character) ? '\ufffd' : character);
  }
  return out.join('').trim();
}

describe('CEF', () => {
  it('is the line that the SIEM’s guide asks for', () => {
    const threat: Threat = {
      ...fixtures.threat(1),
      ruleId: 'LLM01-001',
      techniques: ['LLM01', 'AML.T0051'],
      threatType: 'prompt_injection',
    };
    const { header, extension } = parseCef(cef({ ...threat, severity: 'high', userId: 'ada', actionTaken: 'blocked' }));
    expect(header).toEqual(['CEF:0', 'Parapet', 'Parapet Gateway', '0.1.0', 'PROMPT_INJECTION', 'Prompt Injection Detected', '8']);
    expect(Object.fromEntries(extension)).toMatchObject({
      rt: String(Math.floor(threat.occurredAt / 1000)),
      externalId: threat.threatId,
      act: 'blocked',
      suser: 'ada',
      cs1Label: 'AgentID',
      cs1: threat.agentId,
      cs2Label: 'Model',
      cs2: threat.model,
      cs6: 'LLM01,AML.T0051',
      cn1Label: 'RiskScore',
      cn1: String(threat.riskScore),
      msg: threat.maskedExcerpt,
    });
  });

  it.each([
    ['low', '3'],
    ['medium', '5'],
    ['high', '8'],
    ['critical', '10'],
    ['apocalyptic', 'Unknown'],
  ])('says severity %s as %s', (severity, expected) => {
    expect(parseCef(cef({ ...fixtures.threat(1), severity: severity as Threat['severity'] })).header[6]).toBe(expected);
  });

  it('keeps values within the dictionary’s lengths, and cuts neither a character nor an escape', () => {
    const text = cef({
      ...fixtures.threat(1),
      userId: `x${'😀'.repeat(500)}`,
      maskedExcerpt: '='.repeat(1_023),
      agentId: '\\'.repeat(9_000),
    });
    const { extension } = parseCef(text);
    expect(extension.get('suser')).toBe(`x${'😀'.repeat(255)}`);
    expect(extension.get('msg')).toBe('='.repeat(511));
    expect(extension.get('cs1')).toBe('\\'.repeat(2_000));
  });

  it('leaves out what is not known, with its label', () => {
    const { extension } = parseCef(cef({ ...fixtures.threat(1), userId: null, vendor: null, techniques: [], score: Number.NaN }));
    for (const key of ['suser', 'ParapetGatewayVendor', 'cs6', 'cs6Label', 'cfp1']) expect(extension.has(key)).toBe(false);
  });

  it('shortens all long values alike when the message would be too long', () => {
    const long: Threat = { ...fixtures.threat(1), agentId: 'a'.repeat(4_000), model: 'm'.repeat(4_000), ruleId: 'r'.repeat(4_000) };
    const { extension } = parseCef(cef(long, 8_000));
    expect([extension.get('cs1')?.length, extension.get('cs2')?.length, extension.get('cs3')?.length]).toEqual([1_023, 1_023, 1_023]);
    expect(cef(long, 500)).toBe('does not fit');
  });

  it('tells the source of an audit event when the event names one', () => {
    const audit = (src: string) => parseCef(toCef(toEvent('audit', { ...fixtures.audit(1), details: { src } }), OPTIONS) ?? '').extension;
    expect(audit('192.0.2.7').get('src')).toBe('192.0.2.7');
    expect(audit('2001:db8::7').get('c6a2')).toBe('2001:db8::7');
    expect(audit('not an address').has('src')).toBe(false);
  });

  it('tells what an analyst says of a threat, with the id that the threat was sent with', () => {
    const said: AnalystVerdict = { ...fixtures.verdict(1), verdict: 'false_positive', threatType: 'prompt_injection', note: 'a=b' };
    const { header, extension } = parseCef(toCef(toEvent('verdicts', said), OPTIONS) ?? '');
    expect(header.slice(4)).toEqual(['VERDICT_FALSE_POSITIVE', 'Prompt Injection Judged False Positive', '1']);
    const sent = parseCef(cef(fixtures.threat(1))).extension;
    expect(extension.get('cs1Label')).toBe('ThreatID');
    expect(extension.get('cs1')).toBe(sent.get('externalId'));
    expect(Object.fromEntries(extension)).toMatchObject({ act: 'false_positive', suser: said.actor, msg: 'a=b' });
    expect(extension.get('externalId')).toBe(said.verdictId);
  });
});

describe('a verdict', () => {
  it('is kept back by no filter, as the threat that it is on may have been sent', () => {
    const batch = fixtures.batch('verdicts', { first: 0, last: 49 });
    expect(eventsOf('verdicts', batch, 'critical').events).toHaveLength(50);
    expect(eventsOf('threats', fixtures.batch('threats', { first: 0, last: 49 }), 'critical').events.length).toBeLessThan(50);
  });

  it.each([
    ['false_positive', true],
    ['true_positive', false],
    ['withdrawn', null],
  ] as const)('in JSON says of %s what holds of its threat from now on', (verdict, wrong) => {
    const said = { ...fixtures.verdict(1), verdict };
    expect(toJson(toEvent('verdicts', said))).toMatchObject({
      event_type: 'verdict.given',
      event_id: said.verdictId,
      details: { verdict, threat_id: fixtures.threat(1).threatId, false_positive: wrong, judged_by: said.actor },
    });
  });
});

describe('hostile text', () => {
  /** What some fields must read back as. */
  const textsOf = {
    threats: ({ agentId, model, ruleId, maskedExcerpt, userId }: Threat) => {
      return { cs1: agentId, cs2: model, cs3: ruleId, msg: maskedExcerpt, suser: userId ?? '' };
    },
    audit: ({ target, actor, action, details }: AuditEvent) => {
      return { cs1: target, suser: actor, act: action, reason: details['reason'] ?? '' };
    },
    verdicts: ({ threatId, threatType, ruleId, note, actor, verdict }: AnalystVerdict) => {
      return { cs1: threatId ?? '', cs2: threatType, cs3: ruleId, msg: note, suser: actor, act: verdict };
    },
  } satisfies { [Id in SiemTopic]: (record: SiemRecords[Id]) => Record<string, string> };

  function holds<Id extends SiemTopic>(topic: Id, records: SiemRecords[Id][], keys: ReadonlySet<string>) {
    const messages = records.map((record, offset) => syslogMessage(toEvent(topic, record), { partition: 0, offset }, OPTIONS));
    const sent = messages.filter((message) => message !== undefined);
    const lines = parseStream(Buffer.concat(sent.map(frame)));
    expect(lines).toEqual(sent);
    lines.forEach((line) => {
      expect(UNSAFE.test(line)).toBe(false);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(OPTIONS.maxBytes);
      const message = parseSyslog(line);
      expect([...message.parameters.keys()].filter((key) => key !== 'interaction')).toEqual(['id', 'org', 'partition', 'offset']);
      expect(message.hostname + message.appName + message.msgId).toBe(`gw-1parapet${topic}`);
      // A reader that searches the line for an event finds ours, and nothing before it.
      expect(line.indexOf('CEF:')).toBe(line.length - message.body.length);
      const { header, extension } = parseCef(message.body);
      expect(header.slice(0, 4)).toEqual(['CEF:0', 'Parapet', 'Parapet Gateway', '0.1.0']);
      expect(header[6]).toMatch(/^(10|[0-9]|Unknown)$/);
      for (const [key, value] of extension) {
        expect(keys.has(key), key).toBe(true);
        expect(Buffer.byteLength(value)).toBeLessThanOrEqual(LENGTHS[key] ?? 1_023);
      }
      const record = records[Number(message.parameters.get('offset'))] as SiemRecords[Id];
      expect(extension.get('rt')).toBe(String(Math.floor(record.occurredAt / 1000)));
      const texts = (textsOf[topic] as (of: SiemRecords[Id]) => Record<string, string>)(record);
      for (const [key, text] of Object.entries(texts)) {
        const value = extension.get(key) ?? '';
        const expected = received(text);
        expect(expected.startsWith(value), `${key} is what was written, or its beginning`).toBe(true);
        if (Buffer.byteLength(expected) < 30) expect(value).toBe(expected);
      }
    });
    return lines.length;
  }

  it('in threats forges no field, no line and no message', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.array(hostileThreat, { minLength: 1, maxLength: 4 }), (threats) => {
        read += holds('threats', threats, THREAT_KEYS);
      }),
      { numRuns: 100 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it('in audit events forges no field, no line and no message', () => {
    fc.assert(
      fc.property(fc.array(hostileAudit, { minLength: 1, maxLength: 4 }), (events) => void holds('audit', events, AUDIT_KEYS)),
      { numRuns: 100 },
    );
  });

  it('in verdicts forges no field, no line and no message', () => {
    fc.assert(
      fc.property(fc.array(hostileVerdict, { minLength: 1, maxLength: 4 }), (verdicts) => void holds('verdicts', verdicts, VERDICT_KEYS)),
      { numRuns: 100 },
    );
  });

  it('in JSON is one line that reads back as the event', () => {
    fc.assert(
      fc.property(hostileThreat, (threat) => {
        const text = syslogMessage(
          toEvent('threats', threat),
          { partition: 0, offset: 0 },
          { ...OPTIONS, format: 'ocsf', maxBytes: 1_000_000 },
        );
        if (text === undefined) throw new Error('does not fit');
        expect(UNSAFE.test(text)).toBe(false);
        const event = JSON.parse(parseSyslog(text).body) as { evidences: { data: { masked_excerpt: string } }[] };
        expect(event.evidences[0]?.data.masked_excerpt).toBe(threat.maskedExcerpt.toWellFormed());
      }),
      { numRuns: 100 },
    );
  });
});

describe('the syslog header', () => {
  const lineOf = (threat: Threat, options: Partial<MessageOptions> = {}) =>
    parseSyslog(syslogMessage(toEvent('threats', threat), { partition: 3, offset: 77 }, { ...OPTIONS, ...options }) ?? '');

  it('has the facility, a severity from the event, and its time to the microsecond', () => {
    const threat: Threat = { ...fixtures.threat(1), severity: 'critical', occurredAt: 1_772_323_200_000_250 };
    expect(lineOf(threat)).toMatchObject({ facility: 16, severity: 2, timestamp: '2026-03-01T00:00:00.000250Z', msgId: 'threats' });
    expect(lineOf(threat, { facility: 13, severity: 6 })).toMatchObject({ facility: 13, severity: 6 });
  });

  it('has the ids, and the place in the log from which a gap can be told', () => {
    const threat = fixtures.threat(1);
    expect(Object.fromEntries(lineOf(threat).parameters)).toEqual({
      id: threat.threatId,
      org: threat.org,
      interaction: threat.interactionId,
      partition: '3',
      offset: '77',
    });
  });

  it('keeps a host name with blanks or other scripts to what the RFC allows', () => {
    expect(lineOf(fixtures.threat(1), { hostname: 'my host\nünder', appName: '' })).toMatchObject({ hostname: 'myhostnder', appName: '-' });
  });
});
