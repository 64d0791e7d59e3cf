// A route handler of the Next.js app router. Copy it to app/api/images/route.ts, and name the package in next.config.js:
//   serverExternalPackages: ['@darkroom/producer']
//   curl localhost:3000/api/images -d '{"positivePrompt":"a lighthouse at dusk"}', then: curl 'localhost:3000/api/images?id=…'
import { createProducer, DarkroomError, type GrokImagineRequestInput, type Producer } from '@darkroom/producer';
import { createImages, type Images } from '@darkroom/producer/images';

/** Redis and S3 are reached over sockets, which the edge runtime does not have. */
export const runtime = 'nodejs';

// The development server loads this file anew after each change: without this each time would open another connection.
const kept = globalThis as { darkroom?: { producer: Producer; images: Images } };
const { producer, images } = (kept.darkroom ??= {
  producer: createProducer({ redisUrl: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' }),
  images: createImages({ bucket: 'darkroom', endpoint: process.env['S3_ENDPOINT'] }),
});

export async function POST(request: Request): Promise<Response> {
  return answer(async () => {
    const body = (await request.json()) as GrokImagineRequestInput; // the library checks it
    const idempotencyKey = request.headers.get('idempotency-key') ?? undefined;
    const { generationId, created } = await producer.enqueue(body, { idempotencyKey });
    return Response.json({ generationId }, { status: created ? 202 : 200 });
  });
}

export async function GET(request: Request): Promise<Response> {
  return answer(async () => {
    const generation = await producer.get(new URL(request.url).searchParams.get('id') ?? '');
    const made = generation.images.filter(({ status }) => status === 'succeeded');
    const urls = await Promise.all(made.map(({ index }) => images.image(generation, index).url({ ttlSeconds: 600 })));
    return Response.json({ status: generation.status, urls });
  });
}

async function answer(call: () => Promise<Response>): Promise<Response> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SyntaxError) return Response.json({ message: 'the body is no JSON' }, { status: 400 });
    if (!(error instanceof DarkroomError)) throw error;
    const status = { 'request.invalid': 400, 'generation.not-found': 404, 'spend.cap-reached': 429 }[error.code as string] ?? 503;
    return Response.json({ code: error.code, message: error.message }, { status });
  }
}
