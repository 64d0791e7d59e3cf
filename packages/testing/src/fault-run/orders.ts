import { sizes, type GrokImagineRequestInput } from '@darkroom/contracts';
import { createRandom, type SeededRandom } from '../seeded-random.ts';
import type { FaultRunSettings } from './settings.ts';

/** What a caller is going to ask for, and how it behaves. */
export interface Order {
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

/** Derives what is ordered from the settings alone. */
export function deriveOrders({ generations, seed, scale, ordersPerSecond }: FaultRunSettings): Order[] {
  const random = createRandom(seed, 'orders');
  return Array.from({ length: generations }, (_, at) => deriveOrder(random, `${seed}-${at}`, scale, ordersPerSecond));
}

function deriveOrder(random: SeededRandom, name: string, scale: number, ordersPerSecond: number): Order {
  const ms = (min: number, max: number): number => random.between(min * scale, max * scale);
  const hasKey = random.chance(0.15);
  return {
    // intervals of independent callers: exponential, and not longer than five usual ones
    afterMs: Math.round((Math.min(5, -Math.log(1 - random.fraction())) * 1000) / ordersPerSecond),
    request: {
      positivePrompt: `order ${name}${random.chance(0.02) ? ', nsfw' : ''}`,
      ...random.pick(sizes),
      numberResults: random.chance(0.85) ? 1 : random.between(2, random.chance(0.1) ? 8 : 4),
      outputFormat: random.chance(0.8) ? 'JPG' : random.pick(['PNG', 'WEBP']),
      ...(random.chance(0.05) ? { inputs: { referenceImages: [PIXEL] } } : {}),
    },
    ...(hasKey ? { idempotencyKey: `key ${name}` } : {}),
    ...(random.chance(0.2)
      ? { repeats: { afterMs: ms(0, 3000), with: hasKey && random.chance(0.5) ? 'idempotency-key' : 'same-id' } }
      : {}),
    ...(random.chance(0.04) ? { cancelAfterMs: ms(0, 3000) } : {}),
    ...(random.chance(0.04) ? { deadlineAfterMs: ms(300, 20_000) } : random.chance(0.03) ? { runAfterMs: ms(500, 5000) } : {}),
  };
}
