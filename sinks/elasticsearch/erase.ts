/**
 * Masks an erased subject's documents by a script, in the live indices and in those that a replay is building. A document that
 * changes meanwhile is left for the next round; in the end it is the count that says whether all are masked.
 */
import { ParapetError } from '../../core/errors.ts';
import type { Eraser, Erasure } from '../erasure.ts';
import { refresh } from './bulk.ts';
import { attempt, type Elasticsearch } from './connect.ts';
import { type ElasticsearchView, TIME_FIELD, timeText } from './documents.ts';
import { baseOf } from './schema.ts';

type Query = Record<string, unknown>;

/** Of one request, so that each ends in time however many there are. */
const ROUND = 5_000;
/** Rounds without progress: others write these documents all the time, or they can't be written. */
const FRUITLESS = 5;

/** Incidents are of agents, and stay. */
type NamingView = Exclude<ElasticsearchView, 'incidents'>;

const SCRIPTS: Record<NamingView, string> = {
  threats: `
    if (ctx._source.user_id != null) ctx._source.user_id = params.pseudonym;
    ctx._source.subject = params.org + '/' + params.pseudonym;
    ctx._source.conversation_id = params.pseudonym;
    ctx._source.prompt = '';`,
  audit: `
    if (params.names.contains(ctx._source.actor)) ctx._source.actor = params.pseudonym;
    if (params.names.contains(ctx._source.target)) ctx._source.target = params.pseudonym;
    if (ctx._source.details != null) {
      for (entry in ctx._source.details.entrySet()) {
        if (params.names.contains(entry.getValue())) entry.setValue(params.pseudonym);
      }
    }`,
  verdicts: `
    ctx._source.subject = params.org + '/' + params.pseudonym;
    ctx._source.note = '';`,
};

export function createElasticsearchEraser(store: Elasticsearch): Eraser {
  const { client } = store;
  const views = Object.keys(SCRIPTS) as NamingView[];

  const where = (view: NamingView) => ({
    index: [baseOf(store, view), `${store.prefix}rebuilt-${view}-*`],
    ignore_unavailable: true,
    allow_no_indices: true,
  });

  function count(view: NamingView, erasure: Erasure): Promise<number> {
    return attempt(`look for the subject in ${baseOf(store, view)}`, async () => {
      await refresh(store, where(view).index.join(','));
      return (await client.count({ ...where(view), query: queryOf(view, erasure) } as never)).count;
    });
  }

  /** Documents masked. */
  function maskSome(view: NamingView, erasure: Erasure): Promise<number> {
    const { org, id, subject, pseudonym } = erasure;
    return attempt(`mask the subject in ${baseOf(store, view)}`, async () => {
      const answer = await client.updateByQuery({
        ...where(view),
        conflicts: 'proceed',
        refresh: true,
        max_docs: ROUND,
        query: queryOf(view, erasure),
        script: { lang: 'painless', source: SCRIPTS[view], params: { org, pseudonym, names: [id, subject] } },
      } as never);
      const failure = answer.failures?.[0] as { cause?: { type?: string; reason?: string } } | undefined;
      if (failure !== undefined) throw new Error(`${failure.cause?.type ?? ''} ${failure.cause?.reason ?? ''}`.trim());
      return answer.updated ?? 0;
    });
  }

  return {
    async find(erasure) {
      const found = [];
      for (const view of views) found.push({ view: `elasticsearch.${view}`, rows: await count(view, erasure) });
      return found;
    },
    async mask(erasure) {
      for (const view of views) {
        for (let fruitless = 0; (await count(view, erasure)) > 0; ) {
          if ((await maskSome(view, erasure)) > 0) fruitless = 0;
          else if (++fruitless === FRUITLESS) throw stuck(baseOf(store, view));
        }
      }
    },
  };
}

function queryOf(view: NamingView, { org, id, subject, until }: Erasure): Query {
  const names = [id, subject];
  const named =
    view === 'audit'
      ? [{ terms: { actor: names } }, { terms: { target: names } }, { terms: { details: names } }]
      : [{ term: { subject } }, ...(view === 'threats' ? [{ term: { user_id: id } }] : [])];
  const time = { range: { [TIME_FIELD]: { lte: timeText(until) } } };
  return { bool: { filter: [{ term: { org } }, time, { bool: { should: named, minimum_should_match: 1 } }] } };
}

function stuck(index: string): ParapetError {
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `Elasticsearch could not mask the subject in ${index}: its documents do not change.`,
    hint: 'Look for a write block on its indices, take it away and run the command again: it goes on where it stopped.',
  });
}
