import { hasCode } from '@darkroom/contracts';
import { createProducer } from '@darkroom/producer';
import { eventually } from '../../eventually.ts';
import { usualRequest } from '../usual-request.ts';

// A backend that places one order, or asks for a retry of one, and ends. It is a process of its own, so that a test can kill it at any point.

const given = (name: string): string => process.env[name] ?? '';

const producer = createProducer({ redisUrl: given('REDIS_URL'), prefix: given('DARKROOM_PREFIX') });
const order = { generationId: given('GENERATION_ID'), idempotencyKey: given('IDEMPOTENCY_KEY') };
const act = (): Promise<unknown> =>
  given('RETRY_OF') === '' ? producer.enqueue({ ...usualRequest, numberResults: 2 }, order) : producer.retry(given('RETRY_OF'));
try {
  // On a busy machine the connection may take longer than a call waits: a caller asks again.
  const outcome = await eventually(
    () =>
      act().catch((error: unknown) => {
        if (hasCode(error, 'queue.unavailable')) throw error;
        return { refusal: error };
      }),
    { withinMs: 20_000, everyMs: 100 },
  );
  if (typeof outcome === 'object' && outcome !== null && 'refusal' in outcome) throw outcome.refusal;
} finally {
  await producer.close();
}
