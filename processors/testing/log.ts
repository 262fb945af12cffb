import { openEmbeddedLog } from '../../log/embedded/index.ts';
import type { EventLog } from '../../log/port.ts';
import { partitionsByTopic } from '../../log/topics.ts';

export const PARTITIONS = 4;

/** A commit that a death is to fall into is over after some of these. */
const COMMIT_MS = 12;

/** `where` is a folder, or a word before every topic on the broker that KAFKA_BROKERS names. */
export async function openExactLog(kind: 'embedded' | 'kafka', where: string): Promise<EventLog> {
  const topics = partitionsByTopic(PARTITIONS);
  if (kind === 'embedded') return openEmbeddedLog({ path: where, topics });
  const { openTestLog } = await import('../../log/kafka/testing/harness.ts');
  return openTestLog({ topics, prefix: where });
}

/** The log of a process that, once its parent has told it so, dies in the middle of its next commit. */
export function mortal(log: EventLog): EventLog {
  let doomed = false;
  process.on('message', () => {
    doomed = true;
  });
  return {
    ...log,
    subscribe: (options, handler) =>
      log.subscribe(options, (assignment) =>
        handler({
          ...assignment,
          commit(offset, metadata, records) {
            const committed = assignment.commit(offset, metadata, records);
            if (doomed) setTimeout(() => process.kill(process.pid, 'SIGKILL'), Math.random() * COMMIT_MS);
            return committed;
          },
        }),
      ),
  };
}
