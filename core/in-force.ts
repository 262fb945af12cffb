/** The settings that are set, for the audit log and for evidence. A secret is told as present or absent, never by its value. */
import { hash } from 'node:crypto';
import { type Environment, SETTING_NAMES } from './environment.ts';

const SECRET = /(_KEY|_PASSWORD|_PASSPHRASE|_SECRETS?|_TOKEN|_HEADERS|_CANARIES)$/;
const PLACE = /_URL$|_ENDPOINT$/;

export function settingsInForce(env: Environment): Record<string, string> {
  const named = Object.entries(env)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, shown(name, value)]);
  const absent = SETTING_NAMES.filter((name) => SECRET.test(name) && env[name as keyof Environment] === undefined);
  named.push(...absent.map((name): [string, string] => [name, 'absent']));
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Equal for equal settings, whatever their order. */
export function settingsHash(settings: Readonly<Record<string, string>>): string {
  return hash('sha256', JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function shown(name: string, value: unknown): string {
  if (SECRET.test(name)) return 'present';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return PLACE.test(name) || name === 'KAFKA_BROKERS' ? text.replace(/\/\/[^/@]*@/g, '//…@').replace(/\?.*$/s, '?…') : text;
}
