/**
 * The states behind one interaction: its user's, its agent's and its conversation's, each a record of its own in a
 * compacted topic. A state carries the position it reflects: what was counted is not counted again when a crash or a
 * rebalance makes events come twice. Its size is fixed by its kind, whatever the traffic.
 */
import { ParapetError } from '../../core/errors.ts';
import { bytesOf, readFields, writeFields } from './estimators/fields.ts';
import { measure } from './metrics.ts';
import type { Observation } from './observation.ts';
import { compareWithPeers, createProfile, type Facts, type Profile, peerCount, updateProfile } from './profile.ts';
import { createThread, type Thread, type ThreadFacts, updateThread } from './thread.ts';

export type State = Profile | Thread;
export type Scope = State['scope'];

export const SCOPES: Scope[] = ['user', 'agent', 'conversation'];

/** Raised whenever a field is added, removed or means something else: a state of another format starts anew. */
export const STATE_FORMAT = 1;
const HEADER_BYTES = 4;
const MARK = 0xb5;

/** The user's is absent when no user is named. */
export interface States {
  user: Profile | undefined;
  agent: Profile;
  conversation: Thread;
}

/** Everything an indicator may look at. */
export interface Moment {
  observation: Observation;
  user: Facts | undefined;
  agent: Facts;
  conversation: ThreadFacts;
  /** Deviations of the user's values from those of the agent's other users. */
  peers: { deviations: Float64Array; reports: number; users: number } | undefined;
}

export function createState(scope: Scope): State {
  return scope === 'conversation' ? createThread() : createProfile(scope);
}

/** The key of each state, `null` for a user who is not named. All of an agent's are on the agent's partition. */
export function stateKeys({ org, agentId, userId, conversationId }: StateOwner): {
  user: string | null;
  agent: string;
  conversation: string;
} {
  const agent = `${encodeURIComponent(org)}/${encodeURIComponent(agentId)}`;
  return {
    user: userId === null ? null : `user/${agent}/${encodeURIComponent(userId)}`,
    agent: `agent/${agent}`,
    conversation: `conversation/${agent}/${encodeURIComponent(conversationId)}`,
  };
}

interface StateOwner {
  org: string;
  agentId: string;
  userId: string | null;
  conversationId: string;
}

/** The position up to which a state has counted; -1 for a new one. */
export function positionOf({ marks }: State): number {
  return marks[0] as number;
}

/** When a state last counted something, in milliseconds since 1970; from its bytes, which need not be decoded for it. */
export function seenAtOf(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES + 16) throw unreadable(`it has ${bytes.length} bytes`);
  return Math.round(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(HEADER_BYTES + 8, true) * 1_000);
}

/**
 * Counts one interaction in all its states. Null when all have counted it before: it comes a second time. A state that is
 * ahead of the others (a crash came between their writes) is asked through a copy, and stays as it is.
 */
export function update(states: States, observation: Observation): Moment | null {
  const { user, agent, conversation } = states;
  const { position } = observation;
  const counted = (state: State | undefined) => state === undefined || position <= positionOf(state);
  if (counted(user) && counted(agent) && counted(conversation)) return null;
  const measured = measure(observation);
  const userFacts = user && updateProfile(counted(user) ? (copyOf(user) as Profile) : user, observation, measured);
  const knownAgent = counted(agent) ? (copyOf(agent) as Profile) : agent;
  const agentFacts = updateProfile(knownAgent, observation, measured);
  const threadFacts = updateThread(counted(conversation) ? (copyOf(conversation) as Thread) : conversation, observation);
  const peers = user && userFacts && { deviations: compareWithPeers(knownAgent, user, userFacts, observation), ...peerCount(knownAgent) };
  return { observation, user: userFacts, agent: agentFacts, conversation: threadFacts, peers };
}

function copyOf(state: State): State {
  return decodeState(encodeState(state)) as State;
}

export function encodeState(state: State): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + bytesOf(state.fields));
  bytes[0] = MARK;
  bytes[1] = STATE_FORMAT;
  bytes[2] = SCOPES.indexOf(state.scope);
  writeFields(state.fields, new DataView(bytes.buffer), HEADER_BYTES);
  return bytes;
}

/**
 * Undefined when it was written by another format: the key is then learned anew, which a cold start is made for. `into` is a
 * state of the same scope that nobody needs any more: to make one costs more than to read it.
 */
export function decodeState(bytes: Uint8Array, into?: State): State | undefined {
  const scope = SCOPES[bytes[2] ?? -1];
  if (bytes[0] !== MARK || scope === undefined) throw unreadable('it does not begin as a state does');
  if (bytes[1] !== STATE_FORMAT) return undefined;
  const state = into ?? createState(scope);
  if (bytes.length !== HEADER_BYTES + bytesOf(state.fields)) throw unreadable(`it has ${bytes.length} bytes`);
  readFields(state.fields, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), HEADER_BYTES);
  return state;
}

function unreadable(why: string): ParapetError {
  return new ParapetError('PARAPET_BEHAVIOUR_STATE_UNREADABLE', { message: `A state of behaviour cannot be read: ${why}.` });
}
