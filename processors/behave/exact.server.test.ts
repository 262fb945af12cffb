import { dropTopics, unique } from '../../log/kafka/testing/harness.ts';
import { describeExactness } from './exact.suite.ts';

const prefix = `${unique('behave')}.`;

describeExactness({ kind: 'kafka', where: () => prefix, dispose: dropTopics, events: 4_000, deaths: 4 });
