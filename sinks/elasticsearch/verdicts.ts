/**
 * What analysts say, put into the threats that they said it of. Two sinks meet in a threat's document: that of threats writes it
 * whole, that of verdicts changes three of its fields. The subtle point is that neither waits for the other and nothing is lost:
 * each first writes its own document and then looks for the other's, so whichever comes second finds the first. A verdict has a
 * document of its own for that, under its threat's id and in its threat's month. A threat that is written again, or into a
 * rebuilt view, gets its verdict again in the same way.
 */
import { momentOf } from '../../log/verdicts.ts';
import type { AnalystVerdict } from '../../schemas/types.ts';
import type { Operation } from './bulk.ts';
import { attempt, type Elasticsearch, unavailable } from './connect.ts';
import { monthOf, timeText } from './documents.ts';
import { baseOf } from './schema.ts';

/** What a threat's document says of its verdict. */
interface Judgement {
  threatId: string;
  /** Null when the verdict was withdrawn. */
  wrong: boolean | null;
  by: string;
  at: string;
}

/** Ids in one question. */
const ROUND = 2_000;

/** Times are texts of one length, so the later one is the greater. One that is there already changes nothing. */
const SCRIPT = `
  if (ctx._source.judged_at != null && ctx._source.judged_at.compareTo(params.at) >= 0) { ctx.op = 'none'; }
  else {
    ctx._source.judged_at = params.at;
    ctx._source.judged_by = params.by;
    if (params.wrong == null) { ctx._source.remove('false_positive'); } else { ctx._source.false_positive = params.wrong; }
  }`;

/** For the sink of threats, behind its own writing: puts the verdicts that are there into what was written. */
export async function judgeWritten(store: Elasticsearch, base: string, written: readonly Operation[]): Promise<void> {
  for (const [index, operations] of Map.groupBy(written, ({ target }) => target)) {
    const verdicts = `${baseOf(store, 'verdicts')}-${index.slice(base.length + 1)}`;
    for (let at = 0; at < operations.length; at += ROUND) {
      const ids = operations.slice(at, at + ROUND).map(({ id }) => id);
      await judge(store, [index], await standing(store, verdicts, ids));
    }
  }
}

/** For the sink of verdicts, behind its own writing: puts them into the threats that are there, also into those of a rebuild. */
export async function judgeThreats(store: Elasticsearch, verdicts: readonly AnalystVerdict[]): Promise<void> {
  const onThreats = verdicts.filter(({ threatId }) => threatId !== null);
  for (const [month, said] of Map.groupBy(onThreats, (verdict) => monthOf(momentOf(verdict)))) {
    const index = [`${baseOf(store, 'threats')}-${month}`, `${store.prefix}rebuilt-threats-*-${month}`];
    const found = await attempt('look for the indices of threats', () =>
      store.client.indices.get({ index, ignore_unavailable: true, allow_no_indices: true, features: ['aliases'] }),
    );
    const judgements = said.map(({ threatId, verdict, actor, occurredAt }): Judgement => {
      const wrong = verdict === 'withdrawn' ? null : verdict === 'false_positive';
      return { threatId: threatId as string, wrong, by: actor, at: timeText(occurredAt) as string };
    });
    await judge(store, Object.keys(found), judgements);
  }
}

interface Asked {
  _id: string;
  found?: boolean;
  error?: { type?: string; reason?: string };
  _source?: { verdict: string; actor: string; said_at: string };
}

/** Asked for by id, which sees what was written a moment ago. */
async function standing({ client }: Elasticsearch, index: string, ids: string[]): Promise<Judgement[]> {
  const docs = await attempt(`look for verdicts in ${index}`, async () => {
    const answer = await client.mget({ index, ids, _source: ['verdict', 'actor', 'said_at'] });
    const asked = answer.docs as Asked[];
    const failed = asked.find(({ error }) => error !== undefined && error.type !== 'index_not_found_exception');
    if (failed !== undefined) throw new Error(`${failed.error?.type}: ${failed.error?.reason}`);
    return asked;
  });
  return docs.flatMap(({ _id: threatId, _source: said }) => {
    if (said === undefined) return [];
    const wrong = said.verdict === 'withdrawn' ? null : said.verdict === 'false_positive';
    return [{ threatId, wrong, by: said.actor, at: said.said_at }];
  });
}

/** A threat that is not there yet gets its verdict when it comes. Throws PARAPET_STORE_UNAVAILABLE. */
async function judge({ client }: Elasticsearch, indices: readonly string[], judgements: readonly Judgement[]): Promise<void> {
  const operations = indices.flatMap((index) =>
    judgements.flatMap(({ threatId, ...params }) => [
      { update: { _index: index, _id: threatId, retry_on_conflict: 10 } },
      { script: { lang: 'painless', source: SCRIPT, params } },
    ]),
  );
  if (operations.length === 0) return;
  const answer = await attempt('put verdicts into threats', () => client.bulk({ operations: operations as never[] }));
  for (const { update } of answer.items) {
    if (update === undefined || update.status < 300 || update.status === 404) continue;
    throw unavailable('put a verdict into its threat', new Error(`${update.status} ${update.error?.type}: ${update.error?.reason}`));
  }
}
