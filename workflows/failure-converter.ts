/** Messages and stacks of failures are sealed as all else: they may name what a report is of. */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
