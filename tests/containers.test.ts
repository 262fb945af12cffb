/** Which servers are started in containers, from which images, and what is said where they cannot be. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { missingServers } from '../bench/servers.ts';
import { type ContainerPlan, imageOf, missing, type Runtime, SERVERS, startMissing } from './containers.ts';

const ALL = Object.fromEntries(SERVERS.map(({ variable }) => [variable, 'somewhere']));

/** Gives addresses, and remembers what it was asked for. */
function pretended(fails: string[] = []) {
  const [asked, stopped]: [string[], string[]] = [[], []];
  const runtime: Runtime = {
    async start(image: string, { port }: ContainerPlan) {
      if (fails.some((name) => image.includes(name))) throw new Error('no space left');
      asked.push(image);
      return { address: `localhost:${40_000 + port}`, stop: async () => void stopped.push(image) };
    },
  };
  return { runtime, asked, stopped };
}

describe('servers in containers', () => {
  it('are those that no address names', () => {
    expect(missing(ALL)).toEqual([]);
    expect(missing({ ...ALL, INFLUX_URL: '', CLICKHOUSE_URL: undefined }).map(({ service }) => service)).toEqual([
      'clickhouse',
      'influxdb',
    ]);
  });

  it('have the images that docker-compose.yml pins', () => {
    const compose = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8');
    for (const { service } of SERVERS) {
      expect(imageOf(service), service).toMatch(/^\S+:\S+$/);
      expect(compose).toContain(`image: ${imageOf(service)}\n`);
    }
    expect(imageOf('kafka', 'services: { kafka: { image: "apache/kafka:1.2.3" } }')).toBe('apache/kafka:1.2.3');
    expect(() => imageOf('nothing')).toThrow(/no image for nothing/);
  });

  it('are found by the suites: every address that these look for is set, and all stop at the end', async () => {
    const { runtime, asked, stopped } = pretended();
    const environment: NodeJS.ProcessEnv = {};
    const stop = await startMissing({ environment, runtime, say: () => {} });
    expect(asked.sort()).toEqual(SERVERS.map(({ service }) => imageOf(service)).sort());
    expect(missing(environment)).toEqual([]);
    expect(missingServers(environment)).toEqual([]);
    for (const name of ['CLICKHOUSE_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'INFLUX_TOKEN', 'INFLUX_ORG'])
      expect(environment[name]).toBeTruthy();
    for (const name of ['CLICKHOUSE_URL', 'S3_ENDPOINT', 'DATABASE_URL', 'SCHEMA_REGISTRY_URL']) {
      expect(URL.canParse(environment[name] ?? ''), name).toBe(true);
    }
    await stop();
    expect(stopped.sort()).toEqual(asked);
  });

  it('that are there already are left alone', async () => {
    const { runtime, asked } = pretended();
    const environment = { ...ALL };
    await startMissing({ environment, runtime, say: () => {} });
    expect(asked).toEqual([]);
    expect(environment).toEqual(ALL);
  });

  it('that cannot be started are named, one line each, and the others run', async () => {
    const lines: string[] = [];
    const environment: NodeJS.ProcessEnv = {};
    const { runtime, stopped } = pretended(['influxdb']);
    const stop = await startMissing({ environment, runtime, say: (line) => lines.push(line) });
    const skipped = lines.filter((line) => line.startsWith('SKIPPED'));
    expect(skipped).toHaveLength(1);
    expect(skipped[0]).toMatch(/influxdb, because INFLUX_URL is not set .*no space left/);
    await stop();
    expect(stopped).toHaveLength(SERVERS.length - 1);
  });

  it('are all named where there is no container runtime, and nothing is set', async () => {
    const lines: string[] = [];
    const environment: NodeJS.ProcessEnv = {};
    await startMissing({ environment, runtime: { lacking: 'no container runtime answers' }, say: (line) => lines.push(line) });
    for (const { service, variable } of SERVERS) expect(lines).toContainEqual(expect.stringMatching(`SKIPPED: .*${service}.*${variable}`));
    expect(environment).toEqual({});
  });

  it('tell Kafka the port under which its clients find it', () => {
    const kafka = SERVERS.find(({ service }) => service === 'kafka')?.container;
    expect(kafka?.environment(23_456)['KAFKA_ADVERTISED_LISTENERS']).toContain('PLAINTEXT://127.0.0.1:23456,');
    expect(kafka?.knowsItsPort).toBe(true);
  });
});
