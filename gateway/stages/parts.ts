/** What the stages that talk to vendor and client are given. */
import type { Logger } from '../../core/logger.ts';
import type { Exchange } from '../exchange.ts';
import type { CanonicalRequest, RenderContext } from '../wire/types.ts';
import type { GuardPolicy } from './decide.ts';
import type { Recorder } from './record.ts';
import type { Sensitive } from './sensitive.ts';

export interface StageParts {
  policy: GuardPolicy;
  /** Undefined when sensitive data goes on as it is. */
  sensitive: Sensitive | undefined;
  recorder: Recorder;
  logger: Logger;
  responseLimitBytes: number;
  /** How long a vendor may go on after its client has left. */
  abandonDrainMs: number;
  /** How long a client may stop reading before it counts as gone. */
  clientStallMs: number;
  renderContext(exchange: Exchange, request: CanonicalRequest): RenderContext;
}

/** The client's side of the connection. */
export interface Client {
  /** Calls back once if the client leaves before the answer's end; at once if it already has. */
  onClose(callback: () => void): void;
}
