import { createProducer } from '@darkroom/producer';
import { usualRequest } from '../usual-request.ts';

// A backend that places one order, or asks for a retry of one, and ends. It is a process of its own, so that a test can kill it at any point.

const given = (name: string): string => process.env[name] ?? '';

const producer = createProducer({ redisUrl: given('REDIS_URL'), prefix: given('DARKROOM_PREFIX') });
try {
  if (given('RETRY_OF') === '') {
    await producer.enqueue(
      { ...usualRequest, numberResults: 2 },
      { generationId: given('GENERATION_ID'), idempotencyKey: given('IDEMPOTENCY_KEY') },
    );
  } else {
    await producer.retry(given('RETRY_OF'));
  }
} finally {
  await producer.close();
}
