/**
 * Which vendor serves which model. Configured vendors are tried in order and the first whose pattern fits wins; a
 * pattern is a model name with `*` for any rest. `vendor/model` names the vendor outright.
 */
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { z } from 'zod';
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import type { VendorAdapter } from './vendors/types.ts';

const vendorSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  /** The adapter. */
  kind: z.enum(['openai', 'anthropic']),
  baseUrl: z.url(),
  /** Name of the environment variable with the vendor's key. */
  apiKeyEnv: z.string().optional(),
  models: z.array(z.string().min(1)).min(1),
  /** Client's name → vendor's name. */
  rename: z.record(z.string(), z.string()).default({}),
  region: z.string().optional(),
  /** Listed by GET /v1/models beside the patterns that are plain names. */
  catalogue: z.array(z.string()).default([]),
});

export type VendorConfig = z.infer<typeof vendorSchema>;

export interface Target {
  vendor: Vendor;
  /** The model's name at the vendor. */
  model: string;
}

export interface Vendor {
  config: VendorConfig;
  adapter: VendorAdapter;
  apiKey: string | undefined;
  pool: Pool;
  /** Path part of the base URL, without the slash at its end. */
  basePath: string;
}

export interface Routing {
  /** Throws PARAPET_MODEL_UNKNOWN. */
  resolve(model: string): Target;
  models(): { id: string; vendor: string }[];
  /** Ends the calls that are still under way. */
  close(): Promise<void>;
}

/** Vendors from PARAPET_VENDORS_FILE, else from the keys and URLs in the environment. */
export function vendorConfigs(env: Environment): VendorConfig[] {
  if (env.PARAPET_VENDORS_FILE !== undefined) {
    try {
      return z.strictObject({ vendors: z.array(vendorSchema) }).parse(JSON.parse(readFileSync(env.PARAPET_VENDORS_FILE, 'utf8'))).vendors;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `PARAPET_VENDORS_FILE cannot be used: ${reason}`, cause });
    }
  }
  const vendors: VendorConfig[] = [];
  const common = { rename: {}, catalogue: [] };
  if (env.OPENAI_API_KEY !== undefined) {
    vendors.push({
      ...common,
      name: 'openai',
      kind: 'openai',
      baseUrl: env.OPENAI_BASE_URL,
      apiKeyEnv: 'OPENAI_API_KEY',
      models: ['gpt-*', 'o1*', 'o3*', 'o4*', 'chatgpt-*'],
    });
  }
  if (env.ANTHROPIC_API_KEY !== undefined) {
    vendors.push({
      ...common,
      name: 'anthropic',
      kind: 'anthropic',
      baseUrl: env.ANTHROPIC_BASE_URL,
      apiKeyEnv: 'ANTHROPIC_API_KEY',
      models: ['claude-*'],
    });
  }
  if (env.PARAPET_SANDBOX_URL !== undefined) {
    const baseUrl = env.PARAPET_SANDBOX_URL.replace(/\/?(?:v1\/?)?$/, '/v1');
    vendors.push({
      ...common,
      name: 'sandbox-anthropic',
      kind: 'anthropic',
      baseUrl,
      models: ['sandbox-claude*', 'claude-*'],
      region: 'local',
      catalogue: ['sandbox-claude'],
    });
    vendors.push({
      ...common,
      name: 'sandbox',
      kind: 'openai',
      baseUrl,
      models: ['sandbox-*', 'gpt-*'],
      region: 'local',
      catalogue: ['sandbox-large', 'sandbox-small'],
    });
  }
  return vendors;
}

export interface RoutingParts {
  configs: VendorConfig[];
  adapters: Record<string, VendorAdapter>;
  environment: NodeJS.ProcessEnv;
  connections: number;
  headersTimeoutMs: number;
  bodyTimeoutMs: number;
}

export function createRouting({ configs, adapters, environment, connections, headersTimeoutMs, bodyTimeoutMs }: RoutingParts): Routing {
  const vendors = configs.map((config): Vendor => {
    const url = new URL(config.baseUrl);
    const pool = new Pool(url.origin, {
      connections,
      pipelining: 1,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      keepAliveTimeout: 30_000,
    });
    const adapter = adapters[config.kind];
    if (adapter === undefined)
      throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `Vendor ${config.name}: no adapter ${config.kind}.` });
    const apiKey = config.apiKeyEnv === undefined ? undefined : environment[config.apiKeyEnv];
    if (config.apiKeyEnv !== undefined && !apiKey) {
      throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `Vendor ${config.name}: ${config.apiKeyEnv} is not set.` });
    }
    return { config, adapter, apiKey, pool, basePath: url.pathname.replace(/\/$/, '') };
  });
  const known = new Map<string, Target>();

  function lookup(model: string): Target | undefined {
    const slash = model.indexOf('/');
    const named = slash > 0 ? vendors.find((vendor) => vendor.config.name === model.slice(0, slash)) : undefined;
    if (named) return targetOf(named, model.slice(slash + 1));
    const vendor = vendors.find(({ config }) => config.models.some((pattern) => fits(pattern, model)));
    return vendor && targetOf(vendor, model);
  }

  return {
    resolve(model) {
      const target = known.get(model) ?? lookup(model);
      if (target === undefined) {
        throw new ParapetError('PARAPET_MODEL_UNKNOWN', {
          message: `No configured vendor serves the model ${JSON.stringify(model.slice(0, 100))}.`,
          param: 'model',
        });
      }
      // The bound is for hostile clients that invent names.
      if (known.size < 10_000) known.set(model, target);
      return target;
    },
    models() {
      return vendors.flatMap(({ config }) =>
        [...config.catalogue, ...config.models.filter((pattern) => !pattern.includes('*'))].map((id) => ({ id, vendor: config.name })),
      );
    },
    async close() {
      await Promise.all(vendors.map((vendor) => vendor.pool.destroy()));
    },
  };
}

function targetOf(vendor: Vendor, model: string): Target {
  return { vendor, model: vendor.config.rename[model] ?? model };
}

function fits(pattern: string, model: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === model;
  return model.length >= pattern.length - 1 && model.startsWith(pattern.slice(0, star)) && model.endsWith(pattern.slice(star + 1));
}
