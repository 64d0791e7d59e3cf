import { silentLogger } from '@darkroom/service-runtime';
import fc from 'fast-check';
import { createCounts } from '../src/counts.ts';
import { buildServer, WEBHOOK_PATH } from '../src/server.ts';
import { createWakeLimit } from '../src/wake-limit.ts';
import { buildSubmission, createMemoryStores, keys, now } from './setup.ts';

const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.nat(0xffff)), { maxLength })
    .map((codes) => Buffer.from(String.fromCharCode(...codes)).toString());

const answers: ReadonlySet<number> = new Set([200, 400, 401, 404, 405, 413]);
const methods = ['POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'] as const;

/** Asserts for random requests that the receiver answers with a known status and an empty body, and keeps only those with a valid capability. */
export async function checkTraffic(parameters: { numRuns: number; seed?: number }): Promise<void> {
  const { stores, kept } = createMemoryStores();
  const counts = createCounts();
  const server = buildServer(
    { keys, requestLimitMs: 5000 },
    {
      inbox: stores.inbox,
      settlements: stores.settlements,
      wakeLimit: createWakeLimit(() => now),
      ready: stores.ready,
      counts,
      logger: silentLogger,
      now: () => now,
      storeLimitMs: 5000,
    },
  );
  const { capability } = buildSubmission();
  const query = fc.oneof(
    fc.constant(`capability=${capability}`),
    fc.tuple(fc.nat(capability.length), fc.nat(2), anyText(3)).map(([at, cut, put]) => {
      const changed = capability.slice(0, at) + put + capability.slice(at + cut);
      return `capability=${encodeURIComponent(changed)}`;
    }),
    anyText(30),
    anyText(10).map((text) => `capability=${capability}&${text}`),
  );
  const path = fc.oneof(
    { weight: 4, arbitrary: fc.constant(WEBHOOK_PATH) },
    { weight: 1, arbitrary: anyText(12).map((text) => `/${text}`) },
  );
  const type = fc.oneof(fc.constantFrom('application/json', 'text/plain', 'multipart/form-data; boundary=x'), fc.constant(''));
  try {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), path, query, type, anyText(60), async (method, where, asked, contentType, payload) => {
        kept.length = 0;
        fc.pre(URL.canParse(`${where}?${asked}`, 'http://localhost') && !/^\/[/\\]/.test(where)); // `inject` cannot send these
        const response = await server.inject({
          method,
          url: `${where}?${asked}`,
          ...(method === 'GET' || method === 'HEAD' ? {} : { payload }),
          headers: contentType === '' ? {} : { 'content-type': contentType },
        });
        if (['/livez', '/readyz'].includes(where)) return true;
        const isKept = response.statusCode === 200;
        return (
          answers.has(response.statusCode) &&
          response.body === '' &&
          kept.length === (isKept ? 1 : 0) &&
          (!isKept || asked.includes(capability))
        );
      }),
      parameters,
    );
  } finally {
    await server.close();
  }
}
