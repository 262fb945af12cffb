/**
 * The bucket's own lifecycle: the one part of retention that works also while no Parapet runs. A bucket has one list of rules
 * for everybody, which is replaced as a whole; ours are known by their ids, and the others are put back as they were.
 */
import {
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  type LifecycleRule as Rule,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { ParapetError } from '../../core/errors.ts';
import { attempt } from './faults.ts';

/** A rule by which a bucket itself moves and deletes objects, counted in days since they were written. */
export interface LifecycleRule {
  /** Of the keys that it is about. */
  prefix: string;
  /** Days until they move to the storage class; never without. */
  transition?: { days: number; storageClass: string };
  /** Days until they are deleted; never without. */
  expireDays?: number;
}

export interface Lifecycle {
  /** Rules that Parapet has put. Throws PARAPET_STORE_UNAVAILABLE. */
  read(): Promise<LifecycleRule[]>;
  /** Puts these in the place of Parapet's own; rules of others stay. Throws PARAPET_STORE_REFUSED when the store takes them not. */
  write(rules: readonly LifecycleRule[]): Promise<void>;
}

export function createLifecycle(client: S3Client, bucket: string, base: string): Lifecycle {
  const mark = `parapet:${base}`;

  async function all(): Promise<Rule[]> {
    try {
      return (await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }))).Rules ?? [];
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'NoSuchLifecycleConfiguration') return [];
      throw error;
    }
  }

  return {
    read: () =>
      attempt(`read the lifecycle of ${bucket}`, async () =>
        (await all()).filter(({ ID }) => ID?.startsWith(mark)).map((rule) => ruleOf(rule, base)),
      ),
    write: (rules) =>
      attempt(`put the lifecycle of ${bucket}`, async () => {
        const others = (await all()).filter(({ ID }) => !ID?.startsWith(mark));
        const ours = rules.map(
          ({ prefix, transition, expireDays }): Rule => ({
            ID: `${mark}${prefix}`,
            Status: 'Enabled',
            Filter: { Prefix: base + prefix },
            ...(transition === undefined
              ? {}
              : { Transitions: [{ Days: transition.days, StorageClass: transition.storageClass as never }] }),
            ...(expireDays === undefined ? {} : { Expiration: { Days: expireDays } }),
          }),
        );
        try {
          const configuration = { Rules: [...others, ...ours] };
          await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: configuration }));
        } catch (error) {
          if (!(error instanceof S3ServiceException) || (error.$metadata.httpStatusCode ?? 500) >= 500) throw error;
          throw new ParapetError('PARAPET_STORE_REFUSED', {
            message: `${bucket} does not take the lifecycle: ${error.name}: ${error.message}`,
            hint: 'Grant s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration; unset S3_COLD_STORAGE_CLASS where the store does not have that class.',
            cause: error,
          });
        }
      }),
  };
}

function ruleOf({ Filter, Transitions, Expiration }: Rule, base: string): LifecycleRule {
  const [first] = Transitions ?? [];
  return {
    prefix: (Filter?.Prefix ?? '').slice(base.length),
    ...(first?.Days === undefined ? {} : { transition: { days: first.Days, storageClass: String(first.StorageClass) } }),
    ...(Expiration?.Days === undefined ? {} : { expireDays: Expiration.Days }),
  };
}
