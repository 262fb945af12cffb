/** Talking to Temporal: one connection, payloads sealed, and what people ask of a report that is under way. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  Client,
  Connection,
  type TLSConfig,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import type { Environment } from '../core/environment.ts';
import { type ErrorCode, ParapetError } from '../core/errors.ts';
import type { KeyStore } from '../keys/port.ts';
import { createPayloadCodec } from './codec.ts';
import {
  APPROVE,
  type AssembleInput,
  CLOSE,
  type Decision,
  type IncidentStatus,
  type PublishedReport,
  REJECT,
  type ReportStatus,
  STATUS,
  TRIAGE,
  WORKFLOWS,
} from './contract.ts';
import type { assembleReport } from './definitions/index.ts';

export const FAILURE_CONVERTER = fileURLToPath(new URL('failure-converter.ts', import.meta.url));

export interface Temporal {
  client: Client;
  taskQueue: string;
  close(): Promise<void>;
}

/** A server that is away makes a call wait for as long as this; the client has no limit of its own. */
const CONNECT_MS = 10_000;

export function dataConverter(keys: Pick<KeyStore, 'purposeKey'>): DataConverter {
  return { payloadCodecs: [createPayloadCodec(keys)], failureConverterPath: FAILURE_CONVERTER };
}

export function connectionOptions(env: Environment): { address: string; tls?: TLSConfig; apiKey?: string } {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: apiKey } = env;
  if (address === undefined) throw new ParapetError('PARAPET_CONFIG_INVALID', { message: 'TEMPORAL_ADDRESS is not set.' });
  return { address, ...(env.TEMPORAL_TLS ? { tls: tlsOf(env) } : {}), ...(apiKey === undefined ? {} : { apiKey }) };
}

function tlsOf(env: Environment): TLSConfig {
  const { TEMPORAL_TLS_CA_FILE: ca, TEMPORAL_TLS_CERT_FILE: crt, TEMPORAL_TLS_KEY_FILE: key, TEMPORAL_TLS_SERVER_NAME: name } = env;
  return {
    ...(ca === undefined ? {} : { serverRootCACertificate: readFileSync(ca) }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt: readFileSync(crt), key: readFileSync(key) } }),
    ...(name === undefined ? {} : { serverNameOverride: name }),
  };
}

/** Throws PARAPET_STORE_UNAVAILABLE when the server does not answer. */
export async function openTemporal(env: Environment, keys: Pick<KeyStore, 'purposeKey'>): Promise<Temporal> {
  const options = connectionOptions(env);
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...options, connectTimeout: CONNECT_MS });
  } catch (cause) {
    throw unavailable(options.address, cause);
  }
  const client = new Client({ connection, namespace: env.TEMPORAL_NAMESPACE, dataConverter: dataConverter(keys) });
  return { client, taskQueue: env.PARAPET_TASK_QUEUE, close: () => connection.close() };
}

export const unavailable = (address: string | undefined, cause: unknown) =>
  new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `The Temporal server ${address} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_TLS. Workflows go on when it is back.',
    cause,
  });

/** Begins a report, or finds the one that is under way. Throws PARAPET_PACKAGE_EXISTS when it was published. */
export async function startReport(
  { client, taskQueue }: Temporal,
  id: string,
  input: AssembleInput,
): Promise<WorkflowHandle<typeof assembleReport>> {
  try {
    return await client.workflow.start<typeof assembleReport>(WORKFLOWS.assemble, {
      workflowId: id,
      taskQueue,
      args: [input],
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const handle = client.workflow.getHandle<typeof assembleReport>(id);
    const { status } = await handle.describe();
    if (status.name === 'RUNNING') return handle;
    throw new ParapetError('PARAPET_PACKAGE_EXISTS', { message: `${id} was published already.` });
  }
}

/** Throws PARAPET_APPROVAL_REFUSED with the reason. */
export function decide(temporal: Temporal, id: string, what: 'approve' | 'reject', decision: Decision): Promise<ReportStatus> {
  return update(temporal, id, what === 'approve' ? APPROVE : REJECT, decision, 'PARAPET_APPROVAL_REFUSED');
}

/** Throws PARAPET_INVALID_REQUEST with the reason, also when no workflow waits for that incident. */
export function attend(temporal: Temporal, id: string, what: 'triage' | 'close', decision: Decision): Promise<IncidentStatus> {
  return update(temporal, id, what === 'triage' ? TRIAGE : CLOSE, decision, 'PARAPET_INVALID_REQUEST');
}

async function update<T>({ client }: Temporal, id: string, name: string, decision: Decision, refused: ErrorCode): Promise<T> {
  try {
    return await client.workflow.getHandle(id).executeUpdate<T, [Decision]>(name, { args: [decision] });
  } catch (cause) {
    if (cause instanceof WorkflowNotFoundError) throw new ParapetError(refused, { message: `No workflow ${id} runs.`, cause });
    if (!(cause instanceof WorkflowUpdateFailedError && cause.cause instanceof ApplicationFailure)) throw cause;
    throw new ParapetError(refused, { message: cause.cause.message, hint: 'See the message.', cause });
  }
}

/** Throws PARAPET_APPROVAL_REFUSED when there is no such report. */
export async function statusOf({ client }: Temporal, id: string): Promise<ReportStatus> {
  try {
    return await client.workflow.getHandle(id).query<ReportStatus, []>(STATUS);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const hint = 'parapet schedule backfill starts those of a time.';
    throw new ParapetError('PARAPET_APPROVAL_REFUSED', { message: `No workflow makes ${id}.`, hint, cause: error });
  }
}

/** Once it is published. Throws what made it fail. */
export async function published({ client }: Temporal, id: string): Promise<PublishedReport> {
  return client.workflow.getHandle(id).result() as Promise<PublishedReport>;
}
