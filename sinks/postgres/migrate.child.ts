/** Migrates the schema that it is told, at once; several of these race in a test. */
import { migrate, openPostgres } from './index.ts';

const store = await openPostgres({ url: process.env['DATABASE_URL'], schema: process.argv[2] });
await migrate(store);
console.log('migrated');
await store.close();
