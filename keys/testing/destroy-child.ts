/** Another process that erases: `node destroy-child.ts <folder> <subject>`. */
import { openLocalKeyStore } from '../local.ts';

const [folder = '', subject = ''] = process.argv.slice(2);
const keys = openLocalKeyStore({ folder });
console.log(await keys.destroy(subject));
await keys.close();
