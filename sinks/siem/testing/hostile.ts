/** Records whose every text is hostile, for property tests: pieces of what could forge a field, a line or a message. */
import fc from 'fast-check';
import type { AnalystVerdict, AuditEvent, Threat } from '../../../schemas/types.ts';

const PIECES = [
  ...['|', '\\', '=', ' ', '"', ']', '[', '\n', '\r', '\r\n', '\t', '\0', '\u001b[2J', '\u0085', '\u2028', '\u2029', '\u202e', '\ufeff'],
  ...['\ud800', '\udc00', '😀', 'é', '漢', 'e\u0301', '\\n', '\\=', '\\|', '\\\\', ' act=allowed', ' msg=x', ' cs1Label=y', 'externalId=1'],
  ...[
    'CEF:0|Evil|Product|1|2|3|10|',
    '<134>1 - - - - - - CEF:0|a|b|c|d|e|1|x=y',
    '12 <0>1 ',
    '{"class_uid":1}',
    'a',
    'Zz9',
    'valueOf',
    '__proto__',
    'constructor/x',
  ],
];

export const hostileText = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.tuple(fc.constantFrom(...PIECES), fc.integer({ min: 200, max: 5_000 })).map(([piece, times]) => piece.repeat(times)),
);
const maybe = fc.option(hostileText, { nil: null });
const time = fc.integer({ min: 0, max: 4_102_444_800_000_000 });

export const hostileThreat: fc.Arbitrary<Threat> = fc.record({
  threatId: hostileText,
  interactionId: hostileText,
  org: hostileText,
  agentId: hostileText,
  userId: maybe,
  subject: hostileText,
  conversationId: hostileText,
  occurredAt: time,
  layer: fc.oneof(fc.constantFrom('signature', 'behaviour', 'model'), hostileText) as fc.Arbitrary<Threat['layer']>,
  ruleId: hostileText,
  ruleVersion: fc.nat(),
  threatType: hostileText,
  severity: fc.oneof(fc.constantFrom('low', 'medium', 'high', 'critical'), hostileText) as fc.Arbitrary<Threat['severity']>,
  score: fc.double(),
  riskScore: fc.nat(100),
  techniques: fc.array(fc.oneof(fc.constantFrom('LLM01', 'AML.T0051.001', 'T1059.004', 'AML.T0054'), hostileText), { maxLength: 4 }),
  direction: fc.constantFrom('request', 'response'),
  path: hostileText,
  via: fc.array(hostileText, { maxLength: 2 }),
  maskedExcerpt: hostileText,
  actionTaken: fc.oneof(fc.constantFrom('none', 'flagged', 'blocked', 'redacted'), hostileText) as fc.Arbitrary<Threat['actionTaken']>,
  wireFormat: hostileText,
  vendor: maybe,
  model: hostileText,
  falsePositive: fc.option(fc.boolean(), { nil: null }),
});

export const hostileAudit: fc.Arbitrary<AuditEvent> = fc.record({
  auditId: hostileText,
  org: hostileText,
  occurredAt: time,
  actor: hostileText,
  action: hostileText,
  target: hostileText,
  outcome: fc.constantFrom('success', 'failure'),
  details: fc.dictionary(fc.oneof(hostileText, fc.constantFrom('src', 'reason')), hostileText, { maxKeys: 4 }),
  interactionId: maybe,
  traceId: maybe,
});

export const hostileVerdict: fc.Arbitrary<AnalystVerdict> = fc.record({
  verdictId: hostileText,
  org: hostileText,
  occurredAt: time,
  actor: hostileText,
  verdict: fc.oneof(fc.constantFrom('false_positive', 'true_positive', 'missed', 'withdrawn'), hostileText) as fc.Arbitrary<
    AnalystVerdict['verdict']
  >,
  threatId: maybe,
  interactionId: hostileText,
  subject: hostileText,
  layer: hostileText,
  ruleId: hostileText,
  threatType: hostileText,
  direction: fc.constantFrom('request', 'response'),
  path: hostileText,
  threatAt: fc.option(time, { nil: null }),
  note: hostileText,
});
