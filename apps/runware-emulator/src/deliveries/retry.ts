import type { Clock } from '../clock.ts';
import type { Dice, Purpose } from '../dice.ts';
import type { Faults } from '../faults/schema.ts';
import { isSuccess, type HttpStatus } from './send.ts';

/**
 * Returns the wait after a failed attempt, counted from 1: it doubles from 250 ms up to 8 s (Runware docs, integrating with webhooks).
 * Jitter is documented, its amount is not: here it shortens the wait by up to half.
 */
export function retryDelayMs(faults: Pick<Faults, 'webhookFirstRetryMs' | 'webhookMaxRetryMs'>, attempt: number, fraction: number): number {
  const full = Math.min(faults.webhookFirstRetryMs * 2 ** (attempt - 1), faults.webhookMaxRetryMs);
  return Math.round(full * (1 - fraction / 2));
}

export interface Retrying {
  attempts: number;
  faults: Pick<Faults, 'webhookFirstRetryMs' | 'webhookMaxRetryMs'>;
  dice: Dice;
  purpose: Purpose;
  clock: Clock;
  signal: AbortSignal;
}

/** Sends until the answer is a 2xx or no attempt is left. @returns the last status. */
export async function sendWithRetries(
  sendOnce: () => Promise<HttpStatus>,
  { attempts, faults, dice, purpose, clock, signal }: Retrying,
): Promise<HttpStatus> {
  let status: HttpStatus = 0;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    status = await sendOnce();
    if (isSuccess(status) || attempt === attempts) break;
    await clock.sleep(retryDelayMs(faults, attempt, dice.fraction(...purpose, attempt)), signal);
  }
  return status;
}
