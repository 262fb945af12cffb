/** Puts a gateway together from the environment and runs it. The one place where its parts meet. */
import { join } from 'node:path';
import { dataPaths, type Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { settingsHash, settingsInForce } from '../core/in-force.ts';
import type { Logger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import type { Detector } from '../detection/index.ts';
import { openLocalKeyStore } from '../keys/local.ts';
import { openLog } from '../log/open.ts';
import { producerIdOf } from '../log/spool/identity.ts';
import { openSpool } from '../log/spool/index.ts';
import type { writeBlock } from '../log/spool/segments.ts';
import { workerShipper } from '../log/spool/ship.ts';
import { createOrgThresholds } from '../log/thresholds.ts';
import { openDetector } from '../models/index.ts';
import { openLiveRules } from '../models/live.ts';
import { createCodec } from '../schemas/codec.ts';
import { openRegistry } from '../schemas/registry/index.ts';
import { openTelemetry, parseTelemetry, type TelemetryOptions } from '../telemetry/index.ts';
import { createApiKeysFile, loadApiKeys, type NewKey } from './api-keys.ts';
import { hearControls } from './controls.ts';
import { createPipeline } from './pipeline.ts';
import { createRouting, vendorConfigs } from './routing.ts';
import { createObserver, createServer } from './server.ts';
import { createQuarantineGate } from './stages/quarantine.ts';
import { createRecorder } from './stages/record.ts';
import { createSensitive, parseSensitivePolicy, type Sensitive, type SensitivePolicy } from './stages/sensitive.ts';
import { createVendors } from './vendors/index.ts';
import { createWireFormats } from './wire/index.ts';

/** Of texts found clean: system prompts and earlier turns come again with every turn of a conversation. */
const REMEMBERED_CHARS = 4 * 1024 * 1024;

export interface Gateway {
  url: string;
  /** Made at the very first start; shown once. */
  newKey: NewKey | undefined;
  /** Drains, ships, closes. */
  stop(): Promise<void>;
}

/** Parts that tests put in the place of the real ones. */
export interface GatewayParts {
  /** Where the vendors' keys stand. */
  environment?: NodeJS.ProcessEnv;
  detector?: Detector;
  /** Puts a block of the spool on disk. */
  writeBlock?: typeof writeBlock;
  telemetry?: TelemetryOptions;
}

/** After the drain: time for what was cut off to be recorded. */
const CUT_OFF_MS = 2_000;

export async function startGateway(env: Environment, logger: Logger, parts: GatewayParts = {}): Promise<Gateway> {
  const { environment = process.env } = parts;
  const paths = dataPaths(env);
  const gatewayId = env.PARAPET_GATEWAY_ID;
  const configs = vendorConfigs(env);
  if (configs.length === 0) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', {
      message:
        'No vendor is configured: set OPENAI_API_KEY, ANTHROPIC_API_KEY, PARAPET_VENDORS_FILE, or PARAPET_SANDBOX=true to try without one.',
    });
  }
  const models = env.PARAPET_INSPECT_MODE === 'off' ? { ...env, PARAPET_MODEL: 'off' as const } : env;
  const opened = parts.detector === undefined ? await openDetector(models, { remember: REMEMBERED_CHARS }) : undefined;
  const live = opened && env.PARAPET_INSPECT_MODE !== 'off' ? openLiveRules(env, opened) : undefined;
  const detector = (live?.detector ?? opened?.detector ?? parts.detector) as Detector;
  const keyStore = openLocalKeyStore({
    folder: paths.keys,
    masterKey: env.PARAPET_MASTER_KEY,
    previousMasterKey: env.PARAPET_PREVIOUS_MASTER_KEY,
  });
  const codec = await createCodec(await openRegistry(env));
  const newKey = env.PARAPET_API_KEYS_FILE === undefined ? createApiKeysFile(paths.apiKeys, env.PARAPET_ORG) : undefined;
  const keys = loadApiKeys(env.PARAPET_API_KEYS_FILE ?? paths.apiKeys);
  const metrics = createMetrics();
  const telemetry = openTelemetry(parts.telemetry ?? parseTelemetry(env), {
    metrics,
    logger,
    service: 'parapet-gateway',
    resource: { 'service.instance.id': gatewayId },
  });
  const routing = createRouting({
    configs,
    adapters: createVendors(),
    environment,
    connections: env.PARAPET_VENDOR_CONNECTIONS,
    headersTimeoutMs: env.PARAPET_VENDOR_TIMEOUT_MS,
    bodyTimeoutMs: env.PARAPET_VENDOR_IDLE_TIMEOUT_MS,
  });

  const faults = metrics.counter('parapet_spool_faults_total', 'Writes, appends and checkpoints that had to be tried again.', ['step']);
  const asked = metrics.counter('parapet_classifier_total', 'Requests about which the classifier was asked, by what came of it.', [
    'result',
  ]);
  const spoolFolder = join(paths.spool, gatewayId);
  const producerId = producerIdOf(spoolFolder, gatewayId);
  const shipper =
    env.KAFKA_BROKERS === undefined
      ? workerShipper(new URL('../log/embedded/shipping-thread.ts', import.meta.url), {
          path: paths.log,
          partitions: env.PARAPET_PARTITIONS,
          producerId,
        })
      : workerShipper(new URL('../log/kafka/shipping-thread.ts', import.meta.url), { env, producerId });
  const spool = await openSpool(shipper, {
    folder: spoolFolder,
    gatewayId,
    maxBytes: env.PARAPET_SPOOL_BYTES,
    durability: env.PARAPET_DURABILITY === 'kafka' ? 'log' : 'disk',
    ...(parts.writeBlock === undefined ? {} : { writeBlock: parts.writeBlock }),
    onFault({ step, error, attempt }) {
      faults.inc({ step });
      logger.error({ step, attempt, err: error instanceof Error ? error.message : String(error) }, 'spool fault, trying again');
    },
  });
  const recorder = createRecorder(
    {
      spool,
      codec,
      keys: keyStore,
      logger,
      gatewayId,
      inspectMode: env.PARAPET_INSPECT_MODE,
      contentLimit: env.PARAPET_CONTENT_LIMIT_BYTES,
      traceHeaders: telemetry?.exchanges.headers,
    },
    env.PARAPET_ORG,
  );
  const quarantine = createQuarantineGate({ logger, metrics });
  const thresholds = createOrgThresholds(logger);
  const hearing = await hearControls({
    open: () => openLog(env),
    codec,
    logger,
    onControls(controls) {
      quarantine.follow(controls);
      thresholds.follow(controls);
      live?.follow(controls, { logger, metrics, audit: recorder.audit });
    },
  });
  const wires = createWireFormats();
  const pipeline = createPipeline({
    spool,
    keys,
    routing,
    detector,
    quarantine,
    thresholds,
    recorder,
    logger,
    policy: {
      mode: env.PARAPET_INSPECT_MODE,
      blockScore: env.PARAPET_BLOCK_SCORE,
      onFailure: env.PARAPET_INSPECT_FAILURE,
      onLate: env.PARAPET_MODEL_LATE,
      refusesHarm: env.PARAPET_HARMFUL === 'block',
    },
    sensitive: sensitiveOf(env),
    classifierMs: env.PARAPET_MODEL_BUDGET_MS,
    onInspected(inspected) {
      if (inspected.kind === 'inspected' && inspected.inspection.classifier) asked.inc({ result: inspected.inspection.classifier });
    },
    bodyLimitBytes: env.PARAPET_BODY_LIMIT_BYTES,
    requestTimeoutMs: env.PARAPET_REQUEST_TIMEOUT_MS,
    responseLimitBytes: env.PARAPET_RESPONSE_LIMIT_BYTES,
    abandonDrainMs: env.PARAPET_ABANDON_DRAIN_MS,
    clientStallMs: env.PARAPET_CLIENT_STALL_MS,
    observe: createObserver(metrics),
    traces: telemetry?.exchanges,
    renderContext: (exchange, request) => ({
      interactionId: exchange.id,
      request,
      security: () => ({
        threats_detected: new Set(exchange.verdicts.map((verdict) => `${verdict.ruleId}/${verdict.direction}`)).size,
        policy_violations: exchange.policyDecisions.filter((decision) => decision.effect !== 'allow').length,
        risk_score: exchange.riskScore,
      }),
    }),
  });
  const server = createServer({ pipeline, wires, routing, spool, metrics, requestTimeoutMs: env.PARAPET_REQUEST_TIMEOUT_MS });
  const { orphaned } = spool.stats();
  const url = await server.listen(env.PARAPET_HOST, env.PARAPET_PORT);
  const settings = settingsInForce(env);
  await recorder.audit('gateway.started', {
    inspectMode: env.PARAPET_INSPECT_MODE,
    signatures: detector.version,
    orphaned: String(orphaned),
    vendors: configs.map(({ name }) => name).join(','),
    settings: JSON.stringify(settings),
    settingsHash: settingsHash(settings),
  });
  logger.info({ url, gatewayId, orphaned, vendors: configs.map(({ name }) => name) }, 'gateway ready');

  return {
    url,
    newKey,
    async stop() {
      await server.drain(env.PARAPET_SHUTDOWN_MS);
      // Calls that are still under way end now, so that their end, too, is recorded while the spool is open.
      await routing.close();
      await server.drain(CUT_OFF_MS);
      await server.close();
      await hearing.close();
      await recorder.audit('gateway.stopped', {});
      await spool.close();
      await keyStore.close();
      await opened?.close();
      await telemetry?.stop();
      logger.info({ gatewayId }, 'gateway stopped');
    },
  };
}

/** Throws PARAPET_CONFIG_INVALID for a setting that says nothing, or nothing that can be done. */
function sensitiveOf(env: Environment): Sensitive | undefined {
  const policies = (['PARAPET_SENSITIVE_REQUEST', 'PARAPET_SENSITIVE_RESPONSE'] as const).map((name) => {
    try {
      return parseSensitivePolicy(env[name]);
    } catch (cause) {
      throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `${name}: ${(cause as Error).message}.`, cause });
    }
  });
  const [request, response] = policies as [SensitivePolicy, SensitivePolicy];
  const hashes = policies.some(({ otherwise, byType }) => otherwise === 'hash' || [...byType.values()].includes('hash'));
  if (hashes && env.PARAPET_SENSITIVE_HASH_KEY === undefined) {
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'To hash sensitive data PARAPET_SENSITIVE_HASH_KEY is needed.' });
  }
  return createSensitive({ request, response, hashKey: env.PARAPET_SENSITIVE_HASH_KEY });
}
