/** Publishes a package to a bucket, for the test that kills it on the way. Arguments: bucket, id, folder, until. Keys come from the environment. */
import { bucketArchive } from './archive.ts';

const [bucket, id, folder, until] = process.argv.slice(2) as [string, string, string, string];
const { S3_ENDPOINT: endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
const archive = bucketArchive({
  bucket,
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(accessKeyId === undefined ? {} : { accessKeyId }),
  ...(secretAccessKey === undefined ? {} : { secretAccessKey }),
});
await archive.publish(id, folder, new Date(until));
await archive.close();
