/** The stores in which a subject can be masked, wherever they are held: in this process, or in the one that has the embedded ClickHouse. */
import { dataPaths, type Environment, readSecret } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { followControls } from '../log/controls.ts';
import type { Eraser, Erasure, ViewRows } from '../sinks/erasure.ts';
import { type EraseOptions, type EraseResult, eraseSubject } from './erase.ts';
import { holderOf } from './replays.ts';
import { connectMetadata, connectSearch, connectTelemetry, openAnalytics, openCodec, openKeys, openLog } from './stores.ts';
import { configuredStores } from './views.ts';

export interface Erasers {
  erasers: Eraser[];
  close(): Promise<void>;
}

/** `parapet erase`. Throws what `eraseSubject` throws. */
export async function erase(env: Environment, options: EraseOptions, onStep: (says: string) => void): Promise<EraseResult> {
  const log = await openLog(env);
  const keys = openKeys(env);
  try {
    const codec = await openCodec(env);
    const controls = await followControls(log, codec);
    const { erasers, close } = await openErasers(env);
    try {
      return await eraseSubject({ log, codec, keys, controls, erasers, actor: 'cli', onStep }, options);
    } finally {
      await close();
      await controls.close();
    }
  } finally {
    await keys.close();
    await log.close();
  }
}

/** What an erasure does not reach, as lines for whoever ordered it. */
export function beyondReach(env: Environment): string[] {
  const sent = configuredStores(env).filter((store) => store.startsWith('siem.'));
  return [
    ...sent.map((store) => `${store}: what was sent there is out of Parapet’s hands; have it erased there`),
    ...(env.PARAPET_TRACE_USER_IDS === undefined ? [] : ['traces: PARAPET_TRACE_USER_IDS is set; have the collector’s store erase the id']),
    'log and lake: what was said opens no more; the id that the application gave stays until their retention ends (docs/erasure.md)',
  ];
}

export async function openErasers(env: Environment): Promise<Erasers> {
  const closing: (() => Promise<void>)[] = [];
  const erasers: Eraser[] = [];
  const close = async () => {
    for (const end of closing) await end();
  };
  try {
    const holder = env.CLICKHOUSE_URL === undefined ? await holderOf(env, 'clickhouse.interactions') : undefined;
    if (holder === undefined) {
      const store = await openAnalytics(env);
      closing.push(() => store.close());
      erasers.push((await import('../sinks/clickhouse/index.ts')).createClickHouseEraser(store));
    } else erasers.push(eraserThere(env, holder));
    const stores = configuredStores(env);
    if (stores.includes('elasticsearch')) {
      const store = await connectSearch(env);
      closing.push(() => store.close());
      erasers.push((await import('../sinks/elasticsearch/index.ts')).createElasticsearchEraser(store));
    }
    if (stores.includes('influxdb')) {
      const store = await connectTelemetry(env);
      erasers.push((await import('../sinks/influxdb/index.ts')).createInfluxEraser(store));
    }
    if (stores.includes('postgres')) {
      const store = await connectMetadata(env);
      closing.push(() => store.close());
      erasers.push((await import('../sinks/postgres/index.ts')).createPostgresEraser(store));
    }
    return { erasers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What goes to the process that holds the store; the answer is one JSON object. */
export interface EraseCall {
  act: 'find' | 'mask';
  erasure: Erasure;
}

export async function answerCall(eraser: Eraser, { act, erasure }: EraseCall): Promise<{ views: ViewRows[] }> {
  if (act === 'mask') await eraser.mask(erasure);
  return { views: act === 'find' ? await eraser.find(erasure) : [] };
}

function eraserThere(env: Environment, url: string): Eraser {
  async function call(body: EraseCall): Promise<ViewRows[]> {
    const answer = await fetch(`${url}/admin/erase`, {
      method: 'POST',
      headers: { authorization: `Bearer ${readSecret(dataPaths(env).clickhousePassword) ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch((cause: unknown) => {
      throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: 'The process that holds ClickHouse does not answer.', cause });
    });
    const said = (await answer.json().catch(() => ({}))) as { views?: ViewRows[]; error?: { message: string } };
    if (said.views !== undefined) return said.views;
    const message = said.error?.message ?? `The process that holds ClickHouse answered ${answer.status}.`;
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message });
  }
  return {
    find: (erasure) => call({ act: 'find', erasure }),
    mask: async (erasure) => void (await call({ act: 'mask', erasure })),
  };
}
