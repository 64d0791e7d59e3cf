import {
  ConfigError,
  defined,
  describeGiven,
  findAddressProblem,
  isTenant,
  knownModels,
  ProblemList,
  QueueUnavailableError,
  readOptions,
  TENANT_RULE,
  WEB_ADDRESS_RULE,
  type GenerationView,
} from '@darkroom/contracts';
import { buildProducer } from '../build-producer.ts';
import { buildImages } from '../images/build-images.ts';
import type { Images } from '../images/images.ts';
import type { Producer } from '../producer.ts';
import { isReferenceBound, REFERENCE_BOUND_RULE } from '../read-producer-options.ts';
import { createMemoryImages } from './memory-images.ts';
import { createMemoryStore } from './memory-store.ts';
import { createMemorySubscriptions } from './memory-subscriptions.ts';
import { checkOutcomes, type Outcome } from './outcomes.ts';

/** Options of a testing producer. */
export interface TestingProducerOptions {
  /** End of every generation for which `next` has scripted none. Defaults to success. */
  outcome?: Outcome;
  /** Binds the producer to a tenant, as for `createProducer`. */
  tenant?: string;
  /** Maximum number of reference images of a request, as for `createProducer`. Defaults to 1. */
  maxReferenceImages?: number;
  /** Address of a CDN, as for `createImages`. */
  cdnUrl?: string;
  /** Each request must ask for the content check, as an operator may require of a tenant. Defaults to false. */
  requireSafetyCheck?: boolean;
  /** Images that the content check does not clear are withheld, as an operator may order for a tenant. Defaults to false. */
  withholdFlagged?: boolean;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

/** A producer for unit tests: no Redis, no bucket, no worker; a test scripts how generations end. */
export interface TestingProducer extends Producer {
  /** Reads the images of its generations, as `createImages` does those of a bucket. Its URLs lead nowhere. */
  readonly images: Images;
  /** Every generation that was enqueued, as it is now, oldest first. */
  readonly generations: readonly GenerationView[];
  /**
   * Scripts the end of the next new generations, one for each, in order. A generation takes its end when it is enqueued, or, with a
   * `runAt` that lies ahead, when `finish` is called.
   * @throws InvalidRequestError with all problems of the outcomes at once.
   */
  next(...outcomes: Outcome[]): void;
  /**
   * Ends a generation that is queued or running.
   * @param outcome Defaults to the one that it took when it was enqueued.
   * @throws InvalidRequestError if there is no such generation, or it is final, or the outcome is no end.
   */
  finish(generationId: string, outcome?: Outcome): void;
  /** Lets a withheld image be seen, as an operator does. @throws InvalidRequestError if the image is not withheld. */
  release(generationId: string, index: number): void;
}

const names = [
  'outcome',
  'tenant',
  'maxReferenceImages',
  'cdnUrl',
  'requireSafetyCheck',
  'withholdFlagged',
  'now',
] as const satisfies readonly (keyof TestingProducerOptions)[];
const MAX_REFERENCE_IMAGE_BYTES = 20 * 1024 * 1024;

/** Makes a producer for unit tests. @throws ConfigError with all problems of the options at once. */
export function createTestingProducer(given: TestingProducerOptions = {}): TestingProducer {
  const { outcome = { kind: 'succeed' }, tenant, maxReferenceImages = 1, cdnUrl, now = Date.now, ...rules } = readOwnOptions(given);
  checkOutcomes([outcome]);
  const scripted: Outcome[] = [];
  const storage = createMemoryImages();
  const subscriptions = createMemorySubscriptions();
  const memory = createMemoryStore({
    images: storage,
    rules: { requireSafetyCheck: rules.requireSafetyCheck === true, withholdFlagged: rules.withholdFlagged === true },
    takeOutcome: () => scripted.shift() ?? outcome,
    announce: subscriptions.announce,
    now,
  });
  let isClosed = false;
  const producer = buildProducer({
    defaults: { tenant: tenant ?? 'default', ...defined({ boundTo: tenant }), maxReferenceImages, models: knownModels, now },
    async ask(what, generationId, call) {
      if (!isClosed) return call();
      throw new QueueUnavailableError(
        `could not ${what}${generationId === undefined ? '' : ` "${generationId}"`}: this producer is closed; nothing was sent`,
        {
          reached: 'no',
          ...defined({ generationId }),
          details: { reason: 'producer-closed' },
        },
      );
    },
    store: memory.store,
    submissions: { add: () => Promise.resolve() },
    now,
    mintBy: (enqueue) => enqueue(),
    subscriptions,
    async close() {
      isClosed = true;
      subscriptions.close();
    },
  });
  return {
    ...producer,
    images: buildImages({ storage, cdnUrl, boundTo: tenant, maxReferenceImageBytes: MAX_REFERENCE_IMAGE_BYTES, now }),
    get generations() {
      return memory.views();
    },
    next(...outcomes) {
      checkOutcomes(outcomes);
      scripted.push(...outcomes);
    },
    finish(generationId, end) {
      if (end !== undefined) checkOutcomes([end]);
      memory.finish(generationId, end);
    },
    release: memory.release,
  };
}

function readOwnOptions(given: TestingProducerOptions): TestingProducerOptions {
  const problems = new ProblemList();
  const options = readOptions(given, { path: '', known: names }, problems) ?? {};
  const { tenant, maxReferenceImages = 0, cdnUrl, now } = options;
  const refuse = (path: string, message: string, value: unknown): void =>
    problems.push({ path, message: `must be ${message}`, given: describeGiven(value) });
  if (tenant !== undefined && !isTenant(tenant)) refuse('tenant', TENANT_RULE, tenant);
  if (!isReferenceBound(maxReferenceImages)) refuse('maxReferenceImages', REFERENCE_BOUND_RULE, maxReferenceImages);
  if (cdnUrl !== undefined && (typeof cdnUrl !== 'string' || findAddressProblem(cdnUrl) !== undefined))
    refuse('cdnUrl', WEB_ADDRESS_RULE, cdnUrl);
  for (const name of ['requireSafetyCheck', 'withholdFlagged'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'boolean') refuse(name, 'true or false', options[name]);
  }
  if (now !== undefined && typeof now !== 'function') refuse('now', 'a function', now);
  if (problems.count > 0) throw new ConfigError(problems);
  return options;
}
