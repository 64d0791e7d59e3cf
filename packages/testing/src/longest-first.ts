import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take 15 s or more, by the ends of their paths, the longest first: one that began last would run alone. */
const longest = [
  'worker/e2e/starts-and-stops.test.ts',
  'cli/e2e/operate.test.ts',
  'cli/e2e/laptop.test.ts',
  'worker/e2e/account-trouble.test.ts',
  'cli/e2e/running-on.test.ts',
  'cli/e2e/once.test.ts',
  'cli/e2e/mistakes.test.ts',
  'cli/e2e/troubles.test.ts',
  'worker/e2e/cancel-and-deadline.test.ts',
  'worker/e2e/redis-failover.test.ts',
  'worker/e2e/one-order-one-worker.test.ts',
  'worker/e2e/model-page.test.ts',
  'worker/e2e/wrong-clock.test.ts',
  'cli/e2e/rebuild.test.ts',
  'worker/e2e/delivery-order.test.ts',
  'worker/e2e/redis-rights.test.ts',
  'generation-store/test/watch-redis.test.ts',
  'purchase/test/any-interleaving.test.ts',
  'scripts/build-image.test.ts',
  'purchase/test/uploads.test.ts',
  'purchase/test/orders-on-their-own.test.ts',
  'generation-store/test/replaced-connections.test.ts',
];

/** Sorts test files as Vitest does, which knows durations from an earlier run alone, and puts the longest before all others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((end) => moduleId.endsWith(end));
      return place === -1 ? longest.length : place;
    };
    return sorted.toSorted((left, right) => placeOf(left) - placeOf(right));
  }
}
