/**
 * Collects the events of a streamed answer into the one answer that the record, the guard and the cost read. Subtle:
 * text is kept as the list of its pieces and joined when the answer is read, so that a long answer in small chunks
 * costs linear time; a later usage event replaces only the numbers that it names.
 */
import type { FinishReason, Part, ResponseContent } from '../../schemas/content.ts';
import type { AnswerAccumulator, StreamEvent, Usage } from './types.ts';

type Draft =
  | { type: 'text' | 'refusal'; pieces: string[] }
  | { type: 'reasoning'; pieces: string[]; signature: string }
  | { type: 'tool_call'; id: string; name: string; pieces: string[] }
  | { type: 'other'; kind: string; json: string };

interface ChoiceDraft {
  parts: Map<number, Draft>;
  finishReason: FinishReason | null;
}

/** A collector for one answer. `finished` is true once the vendor's end mark was seen. */
export function createAccumulator(): AnswerAccumulator {
  const choices = new Map<number, ChoiceDraft>();
  let id = '';
  let model = '';
  let createdSeconds: number | undefined;
  let usage: Usage | undefined;
  let stopSequence: string | undefined;
  let finished = false;
  let hasContent = false;

  function choiceOf(index: number): ChoiceDraft {
    let choice = choices.get(index);
    if (choice === undefined) {
      choice = { parts: new Map(), finishReason: null };
      choices.set(index, choice);
    }
    return choice;
  }

  return {
    push(event: StreamEvent): void {
      switch (event.type) {
        case 'start':
          id = event.id;
          model = event.model;
          createdSeconds = event.createdSeconds;
          return;
        case 'text':
        case 'refusal':
        case 'reasoning': {
          const draft = draftOf(choiceOf(event.choice), event.part, event.type);
          draft.pieces.push(event.text);
          if (event.type === 'reasoning' && event.signature !== undefined && draft.type === 'reasoning') draft.signature += event.signature;
          if (event.text !== '') hasContent = true;
          return;
        }
        case 'tool_call_start':
          choiceOf(event.choice).parts.set(event.part, { type: 'tool_call', id: event.id, name: event.name, pieces: [] });
          hasContent = true;
          return;
        case 'tool_call_arguments': {
          const draft = choiceOf(event.choice).parts.get(event.part);
          if (draft?.type === 'tool_call') draft.pieces.push(event.text);
          return;
        }
        case 'other':
          choiceOf(event.choice).parts.set(event.part, { type: 'other', kind: event.kind, json: event.json });
          hasContent = true;
          return;
        case 'finish':
          choiceOf(event.choice).finishReason = event.reason;
          if (event.stopSequence !== undefined) stopSequence = event.stopSequence;
          return;
        case 'usage':
          usage = { ...usage, ...event.usage };
          return;
        case 'end':
          finished = true;
          return;
        case 'error':
          return;
      }
    },

    answer() {
      const content: ResponseContent = {
        choices: [...choices.entries()]
          .sort(([a], [b]) => a - b)
          .map(([index, choice]) => ({
            index,
            message: {
              role: 'assistant',
              parts: [...choice.parts.entries()].sort(([a], [b]) => a - b).map(([, draft]) => finishPart(draft)),
            },
            finishReason: choice.finishReason,
          })),
      };
      return {
        id,
        model,
        content,
        ...(usage === undefined ? {} : { usage }),
        ...(stopSequence === undefined ? {} : { stopSequence }),
        ...(createdSeconds === undefined ? {} : { createdSeconds }),
      };
    },

    get finished() {
      return finished;
    },

    get hasContent() {
      return hasContent;
    },
  };
}

type TextDraft = Extract<Draft, { type: 'text' | 'refusal' | 'reasoning' }>;

function draftOf(choice: ChoiceDraft, part: number, type: TextDraft['type']): TextDraft {
  const known = choice.parts.get(part);
  if (known !== undefined && known.type === type) return known as TextDraft;
  const draft: TextDraft = type === 'reasoning' ? { type, pieces: [], signature: '' } : { type, pieces: [] };
  choice.parts.set(part, draft);
  return draft;
}

function finishPart(draft: Draft): Part {
  switch (draft.type) {
    case 'text':
    case 'refusal':
      return { type: draft.type, text: draft.pieces.join('') };
    case 'reasoning': {
      const text = draft.pieces.join('');
      return draft.signature === '' ? { type: 'reasoning', text } : { type: 'reasoning', text, signature: draft.signature };
    }
    case 'tool_call':
      return { type: 'tool_call', id: draft.id, name: draft.name, arguments: draft.pieces.join('') };
    case 'other':
      return { type: 'other', kind: draft.kind, json: draft.json };
  }
}
