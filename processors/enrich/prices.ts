/**
 * What a call cost, from a price table kept as data. Input that was read from or written to the vendor's cache has its
 * own price, and is a part of the input, so it is taken out of the ordinary input first: counting it twice is the most
 * common mistake of its kind.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Usage } from '../../schemas/types.ts';

const priceSchema = z.strictObject({
  /** First day (UTC) on which it holds. */
  from: z.iso.date(),
  inputPerMillion: z.number().nonnegative(),
  outputPerMillion: z.number().nonnegative(),
  cachedInputPerMillion: z.number().nonnegative().optional(),
  cacheWritePerMillion: z.number().nonnegative().optional(),
});

const tableSchema = z.strictObject({
  version: z.string(),
  currency: z.literal('USD'),
  note: z.string().optional(),
  models: z.record(z.string(), z.array(priceSchema).min(1)),
});

type Price = z.infer<typeof priceSchema>;

export interface PriceTable {
  readonly version: string;
  /** Cost in USD and the entry that gave it, or null when no entry fits the model. `at` in microseconds since 1970. */
  cost(model: string, usage: Usage, at: number): { costUsd: number; priceKey: string } | null;
}

/** Reads a table (`processors/enrich/prices.json` by default). Throws when it is not one. */
export function loadPrices(path: string | URL = new URL('prices.json', import.meta.url)): PriceTable {
  const { version, models } = tableSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  const found = new Map<string, string | null>();

  function keyFor(model: string): string | null {
    let key = found.get(model);
    if (key === undefined) {
      key = matchKey(Object.keys(models), model);
      if (found.size < 10_000) found.set(model, key);
    }
    return key;
  }

  return {
    version,
    cost(model, usage, at) {
      const key = keyFor(model);
      if (key === null) return null;
      const day = new Date(at / 1_000).toISOString().slice(0, 10);
      const price = (models[key] as Price[])
        .filter((each) => each.from <= day)
        .sort((a, b) => a.from.localeCompare(b.from))
        .at(-1);
      return price ? { costUsd: costOf(price, usage), priceKey: key } : null;
    },
  };
}

function costOf(price: Price, usage: Usage): number {
  const plain = Math.max(0, usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens);
  const total =
    plain * price.inputPerMillion +
    usage.cachedInputTokens * (price.cachedInputPerMillion ?? price.inputPerMillion) +
    usage.cacheWriteTokens * (price.cacheWritePerMillion ?? price.inputPerMillion) +
    usage.outputTokens * price.outputPerMillion;
  return Number((total / 1_000_000).toFixed(12));
}

/** What may follow a model's name without making it another model: a date, a version, `latest`. */
const SUFFIX = /^(?:[-@:](?:latest|preview|\d{3,8}|\d{4}-\d{2}-\d{2}|v\d+(?::\d+)?))*$/;

function matchKey(keys: string[], model: string): string | null {
  // Aggregators and clouds put the vendor before the name: openai/…, models/…, us.anthropic.…
  const name = model
    .toLowerCase()
    .replace(/^.*\//, '')
    .replace(/^(?:[a-z]{2,4}\.)?anthropic\./, '');
  let best: string | null = null;
  for (const key of keys) {
    if (name.startsWith(key) && SUFFIX.test(name.slice(key.length)) && key.length > (best?.length ?? 0)) best = key;
  }
  return best;
}
