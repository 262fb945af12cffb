/** How a group divides its topics: partition n of a topic goes to reader n modulo the readers, in the order of their ids. */
export function divide(
  members: readonly { id: string; topics: readonly string[] }[],
  topics: readonly { topic: string; partitions: number }[],
): Map<string, Record<string, number[]>> {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const out = new Map<string, Record<string, number[]>>(sorted.map(({ id }) => [id, {}]));
  for (const { topic, partitions } of topics) {
    const readers = sorted.filter((each) => each.topics.includes(topic));
    if (readers.length === 0) continue;
    for (let partition = 0; partition < partitions; partition++) {
      const mine = out.get((readers[partition % readers.length] as { id: string }).id) as Record<string, number[]>;
      const held = mine[topic];
      if (held) held.push(partition);
      else mine[topic] = [partition];
    }
  }
  return out;
}
