import { formatUsd, prices, sizes, type GrokImagineRequestInput, type Priority } from '@darkroom/contracts';
import { createDraws, type NamedDraws } from '../named-draws.ts';
import type { FaultRunSettings } from './settings.ts';
import { createTenants, CROWDED, priceOf, withholdingTenants, type ChooseTenant, type OrderTerms } from './tenants.ts';

/** The request of a caller, and its behaviour. */
export interface Order extends OrderTerms {
  /** Time between the order before and this one, in milliseconds. */
  afterMs: number;
  request: GrokImagineRequestInput;
  idempotencyKey?: string;
  /** The caller enqueues again: with the same generation id, or with only its idempotency key. */
  repeats?: { afterMs: number; with: 'same-id' | 'idempotency-key' };
  /** The caller enqueues again under the same id while it waits: a Redis that went back may hold the entry without its job. */
  asksAgain?: boolean;
  cancelAfterMs?: number;
  deadlineAfterMs?: number;
  /** Age of its id at the first enqueue: a slow caller made the id earlier. */
  mintedAgoMs?: number;
  /** Delay of its `runAt` after the enqueue, in milliseconds. */
  runAfterMs?: number;
  /** A server on the way answers each send of it in the provider's place during the faults. */
  isPoisoned?: boolean;
  /** Its caller asks for missing images again after its end. */
  retries?: Retries;
  /** Its caller erases it. */
  erases?: Erases;
  /** Its urgency; normal when absent. */
  priority?: Priority;
  /** The rule of its tenant, or an option of its own, withholds its images if the provider flags them. */
  withholds?: 'rule' | 'option';
  /** The provider flags its images. */
  isFlagged?: boolean;
  /** Time after its end at which an operator releases its withheld images, in milliseconds. */
  releasedAfterMs?: number;
}

/** Behaviour of a caller that erases its generation. */
export interface Erases {
  /** Time after the enqueue for one that cancels, and else after the end, in milliseconds. */
  afterMs: number;
  by: 'id' | 'tag';
  /** Erases it even if it is open. */
  cancel: boolean;
  /** Words in the prompt of this order and of no other, and its tag. */
  words: string;
}

/** Behaviour of a caller that asks for the missing images again. */
export interface Retries {
  /** Time after the end, in milliseconds. */
  afterMs: number;
  mayPayAgain: boolean;
  /** Number of callers that ask at once. */
  callers: number;
  /** True if the first of them names the new generation. */
  ownId: boolean;
}

/** Share of callers that withhold flagged images without a rule, and of flagged ones among those that are withheld. */
const WITHHOLD_SHARE = 0.05;
const FLAGGED_SHARE = 0.6;
/** Share of the withheld orders whose images an operator releases. */
const RELEASED_SHARE = 0.4;

/** Share of callers that erase their generation. */
const ERASE_SHARE = 0.08;

/** Share of callers that ask for missing images again, unless a run says otherwise. */
const RETRY_SHARE = 0.7;

/** Text in the prompt of every poisoned order, and of no other. */
export const POISON = 'p0is0n';

/** The smallest possible PNG: one pixel. */
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const MINUTE_MS = 60_000;
const usualSlowCallers = { share: 0.03, withinMs: 60 * MINUTE_MS };

/** With two images the readings of the price list differ: a charge for each reference image, or for each request with any. */
export const MAX_REFERENCE_IMAGES = 2;

/** Derives the orders from the settings alone. */
export function deriveOrders({
  generations,
  seed,
  scale,
  ordersPerSecond,
  slowCallers = usualSlowCallers,
  reconcileEveryMs,
  retryShare = RETRY_SHARE,
}: FaultRunSettings): Order[] {
  const draws = createDraws(seed, 'orders');
  const chooseTenant = createTenants(createDraws(seed, 'tenants'));
  const given = { chooseTenant, scale, ordersPerSecond, slowCallers, asksAgain: reconcileEveryMs !== undefined, retryShare };
  return Array.from({ length: generations }, (_, at) => deriveOrder(draws.of(at), `${seed}-${at}`, given));
}

interface Given extends Required<Pick<FaultRunSettings, 'scale' | 'ordersPerSecond' | 'slowCallers' | 'retryShare'>> {
  chooseTenant: ChooseTenant;
  asksAgain: boolean;
}

function deriveOrder(draws: NamedDraws, name: string, given: Given): Order {
  const { chooseTenant, scale, ordersPerSecond, slowCallers, asksAgain, retryShare } = given;
  const ms: Ms = (what, min, max) => draws.between(what, min * scale, max * scale);
  const hasKey = draws.chance('has-key', 0.15);
  const images = draws.chance('one-image', 0.85) ? 1 : draws.between('images', 2, draws.chance('many-images', 0.1) ? 8 : 4);
  const references = draws.chance('has-references', 0.08) ? draws.between('references', 1, MAX_REFERENCE_IMAGES) : 0;
  const imageUsd = formatUsd(prices.imageNanoUsd + references * prices.referenceImageNanoUsd);
  const tenant = chooseTenant(priceOf({ images, imageUsd }));
  const isPoisoned = draws.chance('poisoned', 0.01);
  // A caller that enqueues an erased order again gets a conflict, and a retry of it is refused.
  const erases = tenant !== CROWDED && !asksAgain && draws.chance('erases', ERASE_SHARE) ? deriveErases(draws, ms, name) : undefined;
  const withholding = deriveWithholding(draws, ms, tenant);
  const isFlagged = withholding.withholds === undefined ? draws.chance('nsfw', 0.02) : withholding.isFlagged === true;
  return {
    tenant,
    images,
    imageUsd,
    // Intervals of independent callers: exponential, and at most five usual ones.
    afterMs: Math.round((Math.min(5, -Math.log(1 - draws.fraction('after'))) * 1000) / ordersPerSecond),
    request: {
      positivePrompt: `order ${name}${isFlagged ? ', nsfw' : ''}${isPoisoned ? `, ${POISON}` : ''}${erases === undefined ? '' : `, ${erases.words}`}`,
      ...draws.pick('size', sizes),
      numberResults: images,
      outputFormat: draws.chance('jpg', 0.8) ? 'JPG' : draws.pick('format', ['PNG', 'WEBP']),
      ...(withholding.withholds !== undefined && { safety: { checkContent: true } }),
      ...(references === 0 ? {} : { inputs: { referenceImages: Array.from({ length: references }, () => PIXEL) } }),
    },
    ...(hasKey ? { idempotencyKey: `key ${name}` } : {}),
    ...(isPoisoned ? { isPoisoned } : {}),
    ...(asksAgain ? { asksAgain } : {}),
    ...(erases !== undefined && { erases }),
    ...withholding,
    ...(draws.chance('has-priority', 0.3) && { priority: draws.pick('priority', ['high', 'low']) }),
    ...(erases === undefined && draws.chance('repeats', 0.2)
      ? {
          repeats: {
            afterMs: ms('repeat-after', 0, 3000),
            with: hasKey && draws.chance('repeats-key', 0.5) ? 'idempotency-key' : 'same-id',
          },
        }
      : {}),
    ...(draws.chance('slow-caller', slowCallers.share)
      ? { mintedAgoMs: draws.between('minted-ago', 6 * MINUTE_MS, slowCallers.withinMs) }
      : {}),
    ...(draws.chance('cancels', 0.04) ? { cancelAfterMs: ms('cancel-after', 0, 3000) } : {}),
    // A retry has no deadline, and one that waits for its cap would be stuck.
    ...(tenant !== CROWDED && erases === undefined && draws.chance('retries', retryShare) ? { retries: deriveRetries(draws, ms) } : {}),
    ...(tenant === CROWDED ? deriveTimesUnderCap(draws, ms) : deriveTimes(draws, ms)),
  };
}

/** Draws whether the images are withheld, flagged and released. Without the content check the provider flags none. */
function deriveWithholding(draws: NamedDraws, ms: Ms, tenant: string): Pick<Order, 'withholds' | 'isFlagged' | 'releasedAfterMs'> {
  const withholds = withholdingTenants.has(tenant) ? 'rule' : draws.chance('withholds', WITHHOLD_SHARE) ? 'option' : undefined;
  if (withholds === undefined || !draws.chance('flagged', FLAGGED_SHARE)) return withholds === undefined ? {} : { withholds };
  const isReleased = draws.chance('released', RELEASED_SHARE);
  return { withholds, isFlagged: true, ...(isReleased && { releasedAfterMs: ms('released-after', 0, 3000) }) };
}

const deriveRetries = (draws: NamedDraws, ms: Ms): Retries => ({
  afterMs: ms('retry-after', 0, 2000),
  mayPayAgain: draws.chance('may-pay-again', 0.3),
  callers: draws.chance('many-callers', 0.2) ? 5 : 1,
  ownId: draws.chance('retry-own-id', 0.3),
});

const deriveErases = (draws: NamedDraws, ms: Ms, name: string): Erases => {
  const cancel = draws.chance('erases-open', 0.5);
  return {
    cancel,
    afterMs: cancel ? ms('erase-after', 0, 3000) : ms('erase-after', 0, 1000),
    by: draws.chance('erases-by-tag', 0.5) ? 'tag' : 'id',
    words: `secret of ${name}.`,
  };
};

type Times = Pick<Order, 'deadlineAfterMs' | 'runAfterMs'>;
type Ms = (what: string, min: number, max: number) => number;

function deriveTimes(draws: NamedDraws, ms: Ms): Times {
  if (draws.chance('has-deadline', 0.04)) return { deadlineAfterMs: ms('deadline-after', 300, 20_000) };
  return draws.chance('is-for-later', 0.03) ? { runAfterMs: ms('run-after', 500, 5000) } : {};
}

/** Draws a deadline for each order that may wait: an order that is due while its cap is reached would otherwise be stuck. */
const deriveTimesUnderCap = (draws: NamedDraws, ms: Ms): Times => ({
  deadlineAfterMs: ms('deadline-under-cap', 30_000, 50_000),
  ...(draws.chance('is-for-later-under-cap', 0.2) ? { runAfterMs: ms('run-after', 500, 5000) } : {}),
});
