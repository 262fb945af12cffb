/** docker-compose.yml and the Dockerfile hold together, as far as that can be known without an engine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type SinkName, sinksOf, storeOf } from '../cli/views.ts';
import { readEnvironment } from '../core/environment.ts';
import { renderEnv, SECRETS } from './compose-env.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Service {
  image?: string;
  build?: string;
  profiles: string[];
  command?: string[];
  restart: string;
  networks: string[];
  ports?: string[];
  volumes?: string[];
  environment?: Record<string, string | number>;
  healthcheck?: object;
  depends_on?: Record<string, { condition: string }>;
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } };
}

const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, unknown>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const oneShot = ({ restart }: Service) => restart === 'no';
const ours = services.filter(([, service]) => service.build !== undefined);

/** As compose puts the values of .env in; a variable without value and default stays empty. */
function substituted(value: string, env: Record<string, string>): string {
  return value.replace(
    /\$\{(\w+)(?::?[-?]([^}]*))?\}/g,
    (whole, name: string, rest = '') => env[name] ?? (whole.includes('?') ? '' : rest),
  );
}

const env = Object.fromEntries(
  renderEnv()
    .split('\n')
    .filter((line) => /^\w+=/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

describe.each(services)('the service %s', (name, service) => {
  it('belongs to known profiles, `all` among them', () => {
    expect(service.profiles).toContain('all');
    for (const profile of service.profiles) expect(['core', 'search', 'telemetry', 'all']).toContain(profile);
  });

  it('has a pinned image', () => {
    expect(service.image).toMatch(/:[\w.-]*\d[\w.-]*$/);
    expect(service.image).not.toMatch(/latest/);
  });

  it('says how it is, unless it is done after one run', () => {
    expect(service.healthcheck !== undefined).toBe(!oneShot(service));
  });

  it('has bounds for processors and memory', () => {
    expect(service.deploy?.resources?.limits).toEqual({
      cpus: expect.stringMatching(/^[\d.]+$/),
      memory: expect.stringMatching(/^\d+[mg]$/),
    });
  });

  it('is in the one network, and seen from this machine only', () => {
    expect(service.networks).toEqual(['parapet']);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('holds no secret of its own', () => {
    for (const [setting, value] of Object.entries(service.environment ?? {})) {
      if (!/PASSWORD|SECRET|TOKEN|_KEY$/.test(setting)) continue;
      expect(String(value), setting).toMatch(/^\$\{\w+:(\?|-\})/);
    }
  });

  it('waits only for what its profiles start, in a state that it reaches', () => {
    for (const [dependency, { condition }] of Object.entries(service.depends_on ?? {})) {
      const other = compose.services[dependency];
      expect(other, dependency).toBeDefined();
      for (const profile of service.profiles) expect(other?.profiles, `${dependency} in ${profile}`).toContain(profile);
      expect(condition).toBe(other && oneShot(other) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  it('mounts what is there', () => {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(existsSync(join(root, source)), source).toBe(true);
      else expect(Object.keys(compose.volumes), name).toContain(source);
    }
  });
});

describe('docker-compose.yml', () => {
  it('asks for the variables that compose-env.ts makes, and no other', () => {
    const required = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
    expect([...required].sort()).toEqual(Object.keys(SECRETS).sort());
  });

  it.each(ours)('gives %s settings that Parapet takes', (_, { environment = {} }) => {
    const settings = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, substituted(String(value), env)]));
    const found = readEnvironment({ PARAPET_DATA: '/data', PARAPET_METRICS_HOST: '0.0.0.0', ...settings });
    if ('PARAPET_MASTER_KEY' in environment) expect(Buffer.from(found.PARAPET_MASTER_KEY ?? '', 'base64')).toHaveLength(32);
  });

  it('runs every sink of each store that it has', () => {
    const run = ours.flatMap(([, { command = [] }]) => (command[0] === 'sink' ? command.slice(1) : []));
    const stores = new Set(run.map((name) => storeOf(name as SinkName)));
    expect([...run].sort()).toEqual([...stores].flatMap(sinksOf).sort());
    expect(stores.size).toBeGreaterThan(4);
  });

  it('uses every volume that it makes', () => {
    const used = new Set(services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0])));
    expect(Object.keys(compose.volumes).filter((name) => !used.has(name))).toEqual([]);
  });

  it('has a service behind every address that its parts and Prometheus are given', () => {
    const addresses = [...text.matchAll(/(?:https?:\/\/|: )(?:[\w.:@${}?]*@)?([a-z-]+):\d{4,5}\b/g)].map(([, host]) => host as string);
    expect(addresses.length).toBeGreaterThan(5);
    for (const host of addresses) if (host !== 'localhost') expect(Object.keys(compose.services), host).toContain(host);
    const targets = [...read('infra/prometheus/prometheus.yml').matchAll(/'([a-z-]+):\d+'/g)].map(([, host]) => host as string);
    for (const host of targets) expect(Object.keys(compose.services)).toContain(host);
  });
});

describe('the Dockerfile', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (\w+) \1$/gm)].map(([, folder]) => folder as string);

  it('copies every folder that the command line needs, and .dockerignore lets each through', () => {
    const imported = new Set(['cli']);
    for (const folder of imported) {
      for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.ts') || file.endsWith('.test.ts') || file.includes('testing')) continue;
        const up = '../'.repeat(file.split('/').length).replaceAll('.', '\\.');
        for (const [, target] of read(join(folder, file)).matchAll(new RegExp(`'${up}(\\w+)/`, 'g'))) imported.add(target as string);
      }
    }
    expect([...imported].sort()).toEqual([...copied].sort());
    for (const folder of copied) expect(read('.dockerignore')).toContain(`!${folder}\n`);
  });
});
