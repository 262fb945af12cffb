/** Another process that exchanges the master key again and again, until it is killed: `node rotate-child.ts <folder>`. Prints each. */
import { openLocalKeyStore } from '../local.ts';

const keys = openLocalKeyStore({ folder: process.argv[2] ?? '' });
for (;;) console.log((await keys.rotateMaster()).id);
