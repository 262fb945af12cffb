/** Opens what an interaction holds sealed. Content whose key is gone is absent, not an error: its subject was erased. */
import { ParapetError } from '../core/errors.ts';
import type { KeyStore } from '../keys/port.ts';
import { unseal } from '../keys/seal.ts';
import type { RequestContent, ResponseContent } from '../schemas/content.ts';
import type { Interaction } from '../schemas/types.ts';

export interface OpenedContent {
  request: RequestContent | undefined;
  response: ResponseContent | undefined;
  /** The JSON texts, for hashing. */
  requestText: string | undefined;
  responseText: string | undefined;
  available: boolean;
}

export function openContent(keys: KeyStore, interaction: Interaction): OpenedContent {
  try {
    const requestText = interaction.requestContent
      ? unseal(keys, interaction.interactionId, 'requestContent', interaction.requestContent)
      : undefined;
    const responseText = interaction.responseContent
      ? unseal(keys, interaction.interactionId, 'responseContent', interaction.responseContent)
      : undefined;
    return {
      request: requestText === undefined ? undefined : (JSON.parse(requestText) as RequestContent),
      response: responseText === undefined ? undefined : (JSON.parse(responseText) as ResponseContent),
      requestText,
      responseText,
      available: true,
    };
  } catch (error) {
    if (error instanceof ParapetError && error.code === 'PARAPET_KEY_UNAVAILABLE') {
      return { request: undefined, response: undefined, requestText: undefined, responseText: undefined, available: false };
    }
    throw error;
  }
}
