/** Layer 2: what one interaction is against what its user, its agent and its conversation are used to. */
export { indicators } from './indicators/index.ts';
export { type Observation, type ObservationParts, observe, type Place } from './observation.ts';
export { pack, unpack } from './packing.ts';
export { BEHAVIOUR_ALERT, BEHAVIOUR_VERSION, type Behaviour, type Contribution, createScorer } from './score.ts';
export {
  createState,
  decodeState,
  encodeState,
  type Moment,
  positionOf,
  type Scope,
  type State,
  type States,
  seenAtOf,
  stateKeys,
  update,
} from './state.ts';
