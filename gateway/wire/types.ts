/**
 * The contract between the formats that clients speak (`gateway/wire/`), the formats that vendors speak
 * (`gateway/vendors/`) and the stages between them. A request becomes canonical once; an answer, whole or streamed,
 * becomes canonical events once; rendering is the reverse. When client and vendor speak the same format the bytes pass
 * through unchanged and the canonical form is only what guards and events read.
 */
import type { ParapetError } from '../../core/errors.ts';
import type { FinishReason, RequestContent, ResponseContent } from '../../schemas/content.ts';

export type WireFormatId = 'openai.chat' | 'anthropic.messages' | 'parapet.completions';

export type ToolChoice = { kind: 'auto' } | { kind: 'none' } | { kind: 'required' } | { kind: 'tool'; name: string };

export interface Parameters {
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  stop?: string[];
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  /** Number of choices asked for (OpenAI `n`). */
  choices?: number;
  toolChoice?: ToolChoice;
  parallelToolCalls?: boolean;
  /** `reasoning_effort` of OpenAI, or the thinking budget of Anthropic in tokens. */
  reasoningEffort?: string;
  thinkingBudgetTokens?: number;
  /** JSON Schema (or `json_object`) that the answer must follow. */
  responseFormat?: { kind: 'json_object' } | { kind: 'json_schema'; name: string; schema: unknown; strict?: boolean };
}

/** A request, parsed and checked once at the border. */
export interface CanonicalRequest {
  wire: WireFormatId;
  model: string;
  stream: boolean;
  /** OpenAI: the client asked for a usage chunk (`stream_options.include_usage`). */
  streamUsage: boolean;
  content: RequestContent;
  parameters: Parameters;
  /** End user as the client names it: OpenAI `user`/`safety_identifier`, Anthropic `metadata.user_id`, unified `user`. */
  user?: string;
  /** Unified form only. */
  agentId?: string;
  sessionId?: string;
  /** The parsed body as it came, for pass-through. Not to be changed. */
  body: Record<string, unknown>;
}

export interface Usage {
  inputTokens?: number;
  outputTokens?: number;
  /** Part of inputTokens that was read from the vendor's prompt cache. */
  cachedInputTokens?: number;
  /** Part of inputTokens that was written to the vendor's prompt cache. */
  cacheWriteTokens?: number;
  /** Part of outputTokens spent on reasoning. */
  reasoningTokens?: number;
}

/** A whole answer. */
export interface CanonicalAnswer {
  /** The vendor's id of the answer. */
  id: string;
  /** The model that answered, as the vendor names it. */
  model: string;
  content: ResponseContent;
  usage?: Usage;
  /** The text that stopped generation, when finishReason is `stop_sequence`. */
  stopSequence?: string;
  /** Unix seconds, when the vendor says. */
  createdSeconds?: number;
}

/** One step of a streamed answer. `part` numbers the content parts of one choice from 0, in order of first appearance. */
export type StreamEvent =
  | { type: 'start'; id: string; model: string; createdSeconds?: number }
  | { type: 'text'; choice: number; part: number; text: string }
  | { type: 'refusal'; choice: number; part: number; text: string }
  | { type: 'reasoning'; choice: number; part: number; text: string; signature?: string }
  | { type: 'tool_call_start'; choice: number; part: number; id: string; name: string }
  | { type: 'tool_call_arguments'; choice: number; part: number; text: string }
  /** A content part that this version does not know, whole, as its own JSON: guards and records see it all the same. */
  | { type: 'other'; choice: number; part: number; kind: string; json: string }
  | { type: 'finish'; choice: number; reason: FinishReason; stopSequence?: string }
  | { type: 'usage'; usage: Usage }
  /** The vendor reported an error inside the stream. */
  | { type: 'error'; error: ParapetError }
  /** The vendor's own end mark (`[DONE]`, `message_stop`). A stream without it was cut. */
  | { type: 'end' };

/** What the gateway adds to the unified form's answers. */
export interface SecurityReport {
  threats_detected: number;
  policy_violations: number;
  risk_score: number;
}

export interface RenderContext {
  /** Parapet's id of the interaction. */
  interactionId: string;
  /** The request that is being answered. */
  request: CanonicalRequest;
  /** Read when the answer (or the end of the stream) is rendered. */
  security(): SecurityReport;
}

export interface StreamRenderer {
  /** The bytes (whole SSE frames) that this event makes in the client's format; may be empty. */
  render(event: StreamEvent): string;
  /** A final error frame in the client's format, for a stream that is already under way. Never a clean end. */
  renderError(error: ParapetError): string;
}

/** A format that clients speak. One folder each: request.ts, response.ts, stream.ts, index.ts. */
export interface WireFormat {
  readonly id: WireFormatId;
  /** Throws ParapetError `PARAPET_INVALID_REQUEST` or `PARAPET_UNSUPPORTED` with `param` when the body is not one. */
  parseRequest(body: unknown): CanonicalRequest;
  renderResponse(answer: CanonicalAnswer, context: RenderContext): Record<string, unknown>;
  createStreamRenderer(context: RenderContext): StreamRenderer;
  /** The caller's own error format. The Parapet code and interaction id stand in it. */
  renderError(error: ParapetError, interactionId: string): Record<string, unknown>;
}

/** Collects stream events into one answer; shared by the record, the guard and the cost. */
export interface AnswerAccumulator {
  push(event: StreamEvent): void;
  /** The answer so far. Cheap to call once; the caller does not change it. */
  answer(): CanonicalAnswer;
  readonly finished: boolean;
  /** True once the first token of text, reasoning or a tool call was seen. */
  readonly hasContent: boolean;
}
