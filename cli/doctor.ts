/** Looks at everything that Parapet needs before it is needed, and says what to do about what is missing. */
import { existsSync } from 'node:fs';
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { dataPaths, type Environment, readEnvironment } from '../core/environment.ts';
import { toParapetError } from '../core/errors.ts';
import { loadApiKeys } from '../gateway/api-keys.ts';
import { vendorConfigs } from '../gateway/routing.ts';
import { openssl } from '../keys/openssl.ts';
import { inspectSpools } from '../log/spool/inspect.ts';
import { TOPIC_IDS, TOPICS } from '../log/topics.ts';
import { checkCertificates } from './doctor-certificates.ts';
import { adviceFor, storeChecks } from './doctor-stores.ts';
import { openCodec, openKeys, openLake, openLog, runningFront } from './stores.ts';

export interface Check {
  name: string;
  state: 'ok' | 'warning' | 'failed';
  says: string;
  /** What to do. */
  hint?: string;
}

const MIN_FREE_BYTES = 2 * 2 ** 30;

export async function examine(source: NodeJS.ProcessEnv = process.env): Promise<Check[]> {
  let env: Environment;
  try {
    env = readEnvironment(source);
  } catch (error) {
    const { message, hint } = toParapetError(error);
    return [{ name: 'configuration', state: 'failed', says: message, hint }];
  }
  const checks: Check[] = [{ name: 'configuration', state: 'ok', says: `data in ${env.PARAPET_DATA}` }];
  /** `settings`: where to look when it fails. */
  const check = async (name: string, look: () => Promise<string | Check | undefined>, settings?: string) => {
    try {
      const found = await look();
      if (found !== undefined) checks.push(typeof found === 'string' ? { name, state: 'ok', says: found } : found);
    } catch (error) {
      const { message, hint } = toParapetError(error);
      checks.push({ name, state: 'failed', ...(settings === undefined ? { says: message, hint } : adviceFor(error, settings)) });
    }
  };
  const paths = dataPaths(env);

  await check('node', async () => `${process.version} on ${process.platform}/${process.arch}`);
  await check('data folder', async () => {
    await mkdir(env.PARAPET_DATA, { recursive: true });
    await access(env.PARAPET_DATA, constants.W_OK);
    const { bavail, bsize } = await statfs(env.PARAPET_DATA);
    const free = bavail * bsize;
    const says = `${(free / 2 ** 30).toFixed(1)} GiB free`;
    return free > env.PARAPET_SPOOL_BYTES + MIN_FREE_BYTES
      ? says
      : {
          name: 'data folder',
          state: 'warning',
          says,
          hint: 'Free some space, or lower PARAPET_SPOOL_BYTES: the spool may fill the disk.',
        };
  });
  await check('master key', async () => {
    const keys = openKeys(env);
    await keys.close();
    return env.PARAPET_MASTER_KEY === undefined
      ? 'in the data folder; keep a copy elsewhere: without it no content opens'
      : 'from PARAPET_MASTER_KEY';
  });
  await check('API keys', async () => {
    if (env.PARAPET_API_KEYS_FILE === undefined && !existsSync(paths.apiKeys)) return 'the first start makes one and shows it once';
    loadApiKeys(env.PARAPET_API_KEYS_FILE ?? paths.apiKeys);
    return env.PARAPET_API_KEYS_FILE ?? 'in the data folder';
  });
  await check(
    'schema registry',
    async () => {
      await openCodec(env);
      return env.SCHEMA_REGISTRY_URL ?? 'files in the data folder';
    },
    'SCHEMA_REGISTRY_…',
  );
  await check(
    'event log',
    async () => {
      const log = await openLog(env);
      try {
        const ranges = await log.ranges(TOPICS.interactions.name);
        // Asked for one by one: a topic that is not there is named.
        for (const { name } of Object.values(TOPICS)) await log.ranges(name);
        const engine = env.KAFKA_BROKERS === undefined ? 'embedded' : `Kafka at ${env.KAFKA_BROKERS.join(', ')}`;
        const count = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
        return `${engine}, ${TOPIC_IDS.length} topics, ${count} interactions in ${ranges.length} partitions`;
      } finally {
        await log.close();
      }
    },
    'KAFKA_…',
  );
  await check('spools', async () => {
    const spools = await inspectSpools(paths.spool);
    return (
      spools.map(({ gatewayId, gatewaySequence, open }) => `${gatewayId}: ${gatewaySequence} accepted, ${open} open`).join('; ') ||
      'none yet'
    );
  });
  if (env.CLICKHOUSE_URL === undefined) {
    await check('ClickHouse', async () => {
      const front = await runningFront(env);
      return front ? `embedded, answers on ${front.url}` : 'embedded, not running now';
    });
  }
  for (const { name, settings, look } of storeChecks(env)) await check(name, look, settings);
  await check(
    'lake',
    async () => {
      const lake = openLake(env);
      await lake.open();
      return lake.name;
    },
    'S3_…',
  );
  await check('certificates', () => checkCertificates(env));
  await check('openssl', async () => (await openssl(env.PARAPET_OPENSSL)('version')).trim(), 'PARAPET_OPENSSL');
  await check('vendors', async () => {
    const configs = vendorConfigs(env);
    if (configs.length === 0) {
      const hint = 'Set OPENAI_API_KEY, ANTHROPIC_API_KEY or PARAPET_VENDORS_FILE; PARAPET_SANDBOX=true tries Parapet without a vendor.';
      return {
        name: 'vendors',
        state: env.PARAPET_SANDBOX ? 'ok' : 'failed',
        says: env.PARAPET_SANDBOX ? 'the sandbox' : 'none is configured',
        hint,
      };
    }
    for (const { name, baseUrl } of configs) {
      const { hostname, port, protocol } = new URL(baseUrl);
      await reach(hostname, Number(port || (protocol === 'https:' ? 443 : 80))).catch((error) => {
        throw new Error(`${name} (${hostname}) cannot be reached: ${error instanceof Error ? error.message : error}`);
      });
    }
    return configs.map(({ name }) => name).join(', ');
  });
  return checks;
}

function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 3_000 });
    const finish = (error?: Error) => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.once('connect', () => finish());
    socket.once('timeout', () => finish(new Error('no answer in 3 s')));
    socket.once('error', finish);
  });
}
