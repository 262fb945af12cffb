import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../environment.ts';

const refused = (settings: Record<string, string>, says: string | RegExp) =>
  expect(() => readEnvironment(settings)).toThrow(
    expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID', message: expect.stringMatching(says) }),
  );

describe('the settings of workflows', () => {
  it('say which reports come by themselves', () => {
    const env = readEnvironment({
      PARAPET_REPORT_SCHEDULES: 'NIST-AI-RMF:month, /etc/own:rules.json:quarter',
      PARAPET_REPORT_LANGUAGES: 'de,fr',
    });
    expect(env.PARAPET_REPORT_SCHEDULES).toEqual([
      { framework: 'NIST-AI-RMF', kind: 'month' },
      { framework: '/etc/own:rules.json', kind: 'quarter' },
    ]);
    expect(env.PARAPET_REPORT_LANGUAGES).toEqual(['de', 'fr']);
    expect(readEnvironment({}).PARAPET_REPORT_SCHEDULES).toEqual([]);
  });

  it('name what is no schedule, no language, no format, and what is there twice', () => {
    refused({ PARAPET_REPORT_SCHEDULES: 'SOC2' }, '"SOC2" is not FRAMEWORK:day');
    refused({ PARAPET_REPORT_SCHEDULES: 'SOC2:week' }, '"SOC2:week"');
    refused({ PARAPET_REPORT_SCHEDULES: 'SOC2:day,SOC2:day' }, 'SOC2:day twice');
    refused({ PARAPET_REPORT_LANGUAGES: 'la' }, 'PARAPET_REPORT_LANGUAGES');
    refused({ PARAPET_REPORT_FORMATS: 'docx' }, 'PARAPET_REPORT_FORMATS');
  });

  it('let no API key go over the network as it is, and no half certificate', () => {
    refused({ TEMPORAL_API_KEY: 'secret' }, 'needs TEMPORAL_TLS=true');
    refused({ TEMPORAL_TLS_CERT_FILE: '/nowhere' }, /TEMPORAL_TLS is not true[\s\S]*is not there[\s\S]*set together/);
    refused({ TEMPORAL_ADDRESS: 'https://temporal' }, 'host:port');
    expect(readEnvironment({ TEMPORAL_TLS: 'true', TEMPORAL_API_KEY: 'secret' }).TEMPORAL_TLS).toBe(true);
  });
});
