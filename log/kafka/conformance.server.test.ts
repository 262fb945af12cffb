import { describeEventLog } from '../conformance.ts';
import { brokers, dropTopics, openTestLog } from './testing/harness.ts';

describeEventLog('kafka', async () => {
  const prefix = `parapet.test-${Math.random().toString(36).slice(2, 10)}`;
  const topics: [string, string] = [`${prefix}.a.v1`, `${prefix}.b.v1`];
  const open = () => openTestLog({ topics: { [topics[0]]: 4, [topics[1]]: 4 }, brokers });
  return { topics, open, reopen: open, dispose: dropTopics };
});

describeEventLog('kafka, with a prefix', async () => {
  const word = `parapet.test-${Math.random().toString(36).slice(2, 10)}.`;
  const topics: [string, string] = ['parapet.a.v1', 'parapet.b.v1'];
  const open = () => openTestLog({ topics: { [topics[0]]: 4, [topics[1]]: 4 }, brokers, prefix: word });
  return { topics, open, reopen: open, dispose: dropTopics };
});
