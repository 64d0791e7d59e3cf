import { formatUsd, prices, sizes, type GrokImagineRequestInput } from '@darkroom/contracts';
import { createDraws, type NamedDraws } from '../named-draws.ts';
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
  /** Its id is so old when it is first enqueued: its caller minted it, and was slow. */
  mintedAgoMs?: number;
  /** It is to run so much later. */
  runAfterMs?: number;
  /** Something on the way to the provider answers each send of it in the provider's place while faults go on. */
  isPoisoned?: boolean;
}

/** Stands in the prompt of a poisoned order, and in no other. */
export const POISON = 'p0is0n';

/** The smallest PNG there is: one pixel. */
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const MINUTE_MS = 60_000;
const usualSlowCallers = { share: 0.03, withinMs: 60 * MINUTE_MS };

/** With two the readings of the price differ: for each reference image, or for each request that has some. */
export const MAX_REFERENCE_IMAGES = 2;

/** Derives what is ordered from the settings alone. */
export function deriveOrders({ generations, seed, scale, ordersPerSecond, slowCallers = usualSlowCallers }: FaultRunSettings): Order[] {
  const draws = createDraws(seed, 'orders');
  const chooseTenant = createTenants(createDraws(seed, 'tenants'));
  const given = { chooseTenant, scale, ordersPerSecond, slowCallers };
  return Array.from({ length: generations }, (_, at) => deriveOrder(draws.of(at), `${seed}-${at}`, given));
}

interface Given extends Required<Pick<FaultRunSettings, 'scale' | 'ordersPerSecond' | 'slowCallers'>> {
  chooseTenant: ChooseTenant;
}

function deriveOrder(draws: NamedDraws, name: string, { chooseTenant, scale, ordersPerSecond, slowCallers }: Given): Order {
  const ms: Ms = (what, min, max) => draws.between(what, min * scale, max * scale);
  const hasKey = draws.chance('has-key', 0.15);
  const images = draws.chance('one-image', 0.85) ? 1 : draws.between('images', 2, draws.chance('many-images', 0.1) ? 8 : 4);
  const references = draws.chance('has-references', 0.08) ? draws.between('references', 1, MAX_REFERENCE_IMAGES) : 0;
  const imageUsd = formatUsd(prices.imageNanoUsd + references * prices.referenceImageNanoUsd);
  const tenant = chooseTenant(priceOf({ images, imageUsd }));
  const isPoisoned = draws.chance('poisoned', 0.01);
  return {
    tenant,
    images,
    imageUsd,
    // intervals of independent callers: exponential, and not longer than five usual ones
    afterMs: Math.round((Math.min(5, -Math.log(1 - draws.fraction('after'))) * 1000) / ordersPerSecond),
    request: {
      positivePrompt: `order ${name}${draws.chance('nsfw', 0.02) ? ', nsfw' : ''}${isPoisoned ? `, ${POISON}` : ''}`,
      ...draws.pick('size', sizes),
      numberResults: images,
      outputFormat: draws.chance('jpg', 0.8) ? 'JPG' : draws.pick('format', ['PNG', 'WEBP']),
      ...(references === 0 ? {} : { inputs: { referenceImages: Array.from({ length: references }, () => PIXEL) } }),
    },
    ...(hasKey ? { idempotencyKey: `key ${name}` } : {}),
    ...(isPoisoned ? { isPoisoned } : {}),
    ...(draws.chance('repeats', 0.2)
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
    ...(tenant === CROWDED ? deriveTimesUnderCap(draws, ms) : deriveTimes(draws, ms)),
  };
}

type Times = Pick<Order, 'deadlineAfterMs' | 'runAfterMs'>;
type Ms = (what: string, min: number, max: number) => number;

function deriveTimes(draws: NamedDraws, ms: Ms): Times {
  if (draws.chance('has-deadline', 0.04)) return { deadlineAfterMs: ms('deadline-after', 300, 20_000) };
  return draws.chance('is-for-later', 0.03) ? { runAfterMs: ms('run-after', 500, 5000) } : {};
}

/** What finds its cap reached when it is due waits, and would be stuck without a deadline. */
const deriveTimesUnderCap = (draws: NamedDraws, ms: Ms): Times => ({
  deadlineAfterMs: ms('deadline-under-cap', 15_000, 35_000),
  ...(draws.chance('is-for-later-under-cap', 0.2) ? { runAfterMs: ms('run-after', 500, 5000) } : {}),
});
