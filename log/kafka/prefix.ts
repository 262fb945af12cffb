/**
 * Several Parapets in one cluster: what each calls `parapet.audit.v1`, or a group `enrich`, stands in Kafka with a word
 * before it. Everything above the engine knows only the names without.
 */
import type { Assignment, EventLog, LogRecord, StoredRecord } from '../port.ts';

export function withPrefix(log: EventLog, prefix: string): EventLog {
  if (prefix === '') return log;
  const out = (name: string) => `${prefix}${name}`;
  const back = (name: string) => name.slice(prefix.length);
  const sent = (records: readonly LogRecord[]) => records.map((record) => ({ ...record, topic: out(record.topic) }));
  const received = (records: readonly StoredRecord[]) => records.map((record) => ({ ...record, topic: back(record.topic) }));

  function wrapped(assignment: Assignment): Assignment {
    return {
      topic: back(assignment.topic),
      partition: assignment.partition,
      committed: assignment.committed,
      revoked: assignment.revoked,
      read: async (offset, options) => received(await assignment.read(offset, options)),
      end: () => assignment.end(),
      commit: (offset, metadata, records = []) => assignment.commit(offset, metadata, sent(records)),
    };
  }

  return {
    transactional: log.transactional,
    async append(records, producer) {
      const positions = await log.append(sent(records), producer && { ...producer, id: out(producer.id) });
      return positions.map((position) => ({ ...position, topic: back(position.topic) }));
    },
    subscribe: ({ group, topics, from }, handler) =>
      log.subscribe({ group: out(group), topics: topics.map(out), from }, (assignment) => handler(wrapped(assignment))),
    read: async (position, options) => received(await log.read({ ...position, topic: out(position.topic) }, options)),
    ranges: (topic) => log.ranges(out(topic)),
    commits: async (group) => (await log.commits(out(group))).map((commit) => ({ ...commit, topic: back(commit.topic) })),
    seek: (group, position, metadata) => log.seek(out(group), { ...position, topic: out(position.topic) }, metadata),
    // A group of somebody else, who reads our topics too, has a name without the word: it counts as it is.
    standings: async (topic) =>
      (await log.standings(out(topic))).map((each) => ({ ...each, group: each.group.startsWith(prefix) ? back(each.group) : each.group })),
    expire: (topic, before, limits) => log.expire(out(topic), before, limits),
    close: () => log.close(),
  };
}
