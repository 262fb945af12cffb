import { dropTopics, unique } from '../../log/kafka/testing/harness.ts';
import { describeExactness } from '../testing/exact.ts';
import { RESPOND } from './exact.suite.ts';

describeExactness({ kind: 'kafka', where: () => `${unique('respond')}.`, dispose: dropTopics, events: 2_500, deaths: 4 }, RESPOND);
