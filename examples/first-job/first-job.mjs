import { createProducer } from '@darkroom/producer';
const producer = createProducer({ redisUrl: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });
const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 });
const { status, images } = await producer.wait(generationId);
console.log(status, images[0]?.image?.key);
await producer.close();
