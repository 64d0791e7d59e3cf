import { formatUsd, prices, sizes, type GrokImagineRequestInput } from '@darkroom/contracts';
import { createRandom, type SeededRandom } from '../seeded-random.ts';
import type { FaultRunSettings } from './settings.ts';
import { createTenants, CROWDED, priceOf, type ChooseTenant, type OrderTerms } from './tenants.ts';

/** What a caller is going to ask for, and how it behaves. */
export interface Order extends OrderTerms {
  /** When it is placed, in milliseconds after the one before. */
  afterMs: number;
  request: GrokImagineRequestInput;
  idempotencyKey?: string;
  /** The caller enqueues again: with the same generation id, or as one that only remembers its idempotency key. */
  repeats?: { afterMs: number; with: 'same-id' | 'idempotency-key' };
  cancelAfterMs?: number;
  deadlineAfterMs?: number;
  /** It is to run so much later. */
  runAfterMs?: number;
}

/** The smallest PNG there is: one pixel. */
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
/** With two the readings of the price differ: for each reference image, or for each request that has some. */
export const MAX_REFERENCE_IMAGES = 2;

/** Derives what is ordered from the settings alone. */
export function deriveOrders({ generations, seed, scale, ordersPerSecond }: FaultRunSettings): Order[] {
  const random = createRandom(seed, 'orders');
  const chooseTenant = createTenants(createRandom(seed, 'tenants'));
  return Array.from({ length: generations }, (_, at) => deriveOrder(random, `${seed}-${at}`, chooseTenant, scale, ordersPerSecond));
}

function deriveOrder(random: SeededRandom, name: string, chooseTenant: ChooseTenant, scale: number, ordersPerSecond: number): Order {
  const ms = (min: number, max: number): number => random.between(min * scale, max * scale);
  const hasKey = random.chance(0.15);
  const images = random.chance(0.85) ? 1 : random.between(2, random.chance(0.1) ? 8 : 4);
  const references = random.chance(0.08) ? random.between(1, MAX_REFERENCE_IMAGES) : 0;
  const imageUsd = formatUsd(prices.imageNanoUsd + references * prices.referenceImageNanoUsd);
  const tenant = chooseTenant(priceOf({ images, imageUsd }));
  return {
    tenant,
    images,
    imageUsd,
    // intervals of independent callers: exponential, and not longer than five usual ones
    afterMs: Math.round((Math.min(5, -Math.log(1 - random.fraction())) * 1000) / ordersPerSecond),
    request: {
      positivePrompt: `order ${name}${random.chance(0.02) ? ', nsfw' : ''}`,
      ...random.pick(sizes),
      numberResults: images,
      outputFormat: random.chance(0.8) ? 'JPG' : random.pick(['PNG', 'WEBP']),
      ...(references === 0 ? {} : { inputs: { referenceImages: Array.from({ length: references }, () => PIXEL) } }),
    },
    ...(hasKey ? { idempotencyKey: `key ${name}` } : {}),
    ...(random.chance(0.2)
      ? { repeats: { afterMs: ms(0, 3000), with: hasKey && random.chance(0.5) ? 'idempotency-key' : 'same-id' } }
      : {}),
    ...(random.chance(0.04) ? { cancelAfterMs: ms(0, 3000) } : {}),
    ...(tenant === CROWDED ? deriveTimesUnderCap(random, ms) : deriveTimes(random, ms)),
  };
}

type Times = Pick<Order, 'deadlineAfterMs' | 'runAfterMs'>;
type Ms = (min: number, max: number) => number;

function deriveTimes(random: SeededRandom, ms: Ms): Times {
  if (random.chance(0.04)) return { deadlineAfterMs: ms(300, 20_000) };
  return random.chance(0.03) ? { runAfterMs: ms(500, 5000) } : {};
}

/** What finds its cap reached when it is due waits, and would be stuck without a deadline. */
const deriveTimesUnderCap = (random: SeededRandom, ms: Ms): Times => ({
  deadlineAfterMs: ms(15_000, 35_000),
  ...(random.chance(0.2) ? { runAfterMs: ms(500, 5000) } : {}),
});
