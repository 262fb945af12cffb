/** Another process that meets one subject after another, until it is killed: `node subjects-child.ts <folder> <prefix>`. Prints each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openLocalKeyStore } from '../local.ts';

const [folder = '', prefix = ''] = process.argv.slice(2);
const keys = openLocalKeyStore({ folder });
for (let n = 0; ; n++) {
  const subject = `${prefix}${n}`;
  const { id, key } = keys.current(subject);
  console.log(`${subject} ${id} ${key.export().toString('hex')}`);
  if (n % 20 === 0) await sleep(1);
}
