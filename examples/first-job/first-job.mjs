import { createProducer } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
const producer = createProducer({ redisUrl: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });
const generation = await producer.generate({ positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 });
await createImages({ bucket: 'darkroom', endpoint: process.env['S3_ENDPOINT'] }).image(generation, 0).save('lighthouse.jpg');
await producer.close();
