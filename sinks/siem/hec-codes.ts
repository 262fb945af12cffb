/**
 * What Splunk's HTTP Event Collector answers, and whose fault it is. By Splunk's number, in our words: an answer's text is
 * not repeated, because what stands between us and Splunk may put anything into it.
 */

/** `event`: this event is not taken, another might be; `store`: nothing is taken now. */
export interface HecMeaning {
  fault: 'event' | 'store';
  says: string;
  hint?: string;
}

const TOKEN = 'Check the HEC token: Settings, Data inputs, HTTP Event Collector.';
const CHANNEL = 'The token wants indexer acknowledgement: turn the option acknowledge on.';

const MEANINGS: Record<number, HecMeaning> = {
  1: { fault: 'store', says: 'the token is disabled', hint: TOKEN },
  2: { fault: 'store', says: 'a token is required', hint: TOKEN },
  3: { fault: 'store', says: 'the authorization is not valid', hint: TOKEN },
  4: { fault: 'store', says: 'the token is not valid', hint: TOKEN },
  5: { fault: 'store', says: 'no data arrived', hint: 'Something on the way drops the body of requests.' },
  6: { fault: 'event', says: 'the data format is not valid' },
  7: { fault: 'store', says: 'the index is not one that the token may write to', hint: 'Allow the index in the token, or set another.' },
  8: { fault: 'store', says: 'internal server error' },
  9: { fault: 'store', says: 'the server is busy' },
  10: { fault: 'store', says: 'a data channel is missing', hint: CHANNEL },
  11: { fault: 'store', says: 'the data channel is not valid', hint: CHANNEL },
  12: { fault: 'event', says: 'the event field is required' },
  13: { fault: 'event', says: 'the event field cannot be blank' },
  14: {
    fault: 'store',
    says: 'acknowledgement is off',
    hint: 'Turn indexer acknowledgement on in the token, or the option acknowledge off.',
  },
  15: { fault: 'event', says: 'the indexed fields could not be handled' },
  16: { fault: 'store', says: 'authorization in the query string is off' },
  18: { fault: 'store', says: 'the collector is unhealthy, its queues are full' },
  19: { fault: 'store', says: 'the acknowledgement service is not available' },
  20: { fault: 'store', says: 'queues are full and acknowledgement is not available' },
  23: { fault: 'store', says: 'the server is shutting down' },
  26: { fault: 'store', says: 'the queue is at its capacity' },
  27: {
    fault: 'store',
    says: 'the acknowledgement channel is at its capacity',
    hint: 'Splunk forgets acknowledgements after a while; or raise its limit.',
  },
};

/** For an answer that is not a success; `code` is Splunk's number where the body has one. */
export function meaningOf(status: number, code: number | undefined): HecMeaning {
  const known = code === undefined ? undefined : MEANINGS[code];
  if (known !== undefined) return { ...known, says: `code ${code}, ${known.says}` };
  if (status === 413) return { fault: 'event', says: '413, the content is too large' };
  if (status === 401 || status === 403) return { fault: 'store', says: String(status), hint: TOKEN };
  if (status === 404) return { fault: 'store', says: '404', hint: 'Check the URL: HEC listens on a port of its own, 8088 by default.' };
  if (status >= 300 && status <= 399)
    return { fault: 'store', says: String(status), hint: 'Redirects are not followed: set the URL that it leads to.' };
  return { fault: 'store', says: code === undefined ? String(status) : `${status}, code ${code}` };
}

/** Codes that a proxy's mangling of every request would cause too: an event is blamed only while others are taken. */
export function isDoubtful(code: number | undefined): boolean {
  return code === 6;
}
