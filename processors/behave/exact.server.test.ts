import { dropTopics, unique } from '../../log/kafka/testing/harness.ts';
import { describeExactness } from '../testing/exact.ts';
import { BEHAVE } from './exact.suite.ts';

describeExactness({ kind: 'kafka', where: () => `${unique('behave')}.`, dispose: dropTopics, events: 4_000, deaths: 4 }, BEHAVE);
