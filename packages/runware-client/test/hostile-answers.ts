import fc from 'fast-check';
import { parseRetryAfter } from '@darkroom/contracts';
import { parseDelivery } from '../src/delivery.ts';
import { MAX_RETRY_AFTER_MS, type Exchange } from '../src/exchange.ts';
import { checkImageAddress } from '../src/image-address.ts';
import { createRedactor } from '../src/redact.ts';
import { submitVerdictOf } from '../src/submit-verdict.ts';
import { taskStateOf, taskStateOfDetails } from '../src/task-state.ts';
import { taskUUID } from './world.ts';

/** Properties that hold for any answer. A violated property throws with the seed that repeats it. */
export type Property = (parameters: { numRuns: number; seed?: number }) => void;

const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength }).map((codes) => String.fromCharCode(...codes));

const otherId = '12228d65-c7e2-4b7c-959b-624762395b63';
const field = fc.oneof(
  fc.constantFrom(taskUUID, taskUUID.toUpperCase(), otherId, 'imageInference', 'getResponse', 'success', 'error', 'processing'),
  fc.constantFrom('timeoutProvider', 'conflictTaskUUID', 'invalidWidth', 'invalidApiKey', 'contentPolicyViolation', 'rateLimitExceeded'),
  fc.constantFrom('https://im.runware.ai/1.jpg', '', 0.02, -1, 1e300, true, null),
  fc.constantFrom({}, [], { code: 'timeoutProvider', taskUUID }, [[]], { toString: 1 }),
  anyText(6),
);
const names =
  'taskUUID taskType status imageUUID imageURL seed cost NSFWContent code message parameter error response __proto__ constructor'.split(
    ' ',
  );
const entry = fc.dictionary(fc.constantFrom(...names), field, { maxKeys: 8, noNullPrototype: true });
const list = fc.oneof(fc.array(entry, { maxLength: 4 }), entry, field);
/** JSON with the field names of an answer: random JSON rarely holds one of them. */
const body: fc.Arbitrary<unknown> = fc.oneof(
  entry,
  fc.array(entry, { maxLength: 3 }),
  fc.record({ data: list, errors: list, error: list }, { requiredKeys: [], noNullPrototype: true }),
  fc.jsonValue({ maxDepth: 2 }),
);
const unreadable = fc.constantFrom('not JSON' as const, 'too large' as const, 'cut off' as const);
const answered = fc
  .tuple(
    fc.oneof(fc.constantFrom(200, 201, 204, 301, 400, 401, 402, 403, 404, 429, 500, 503, 504), fc.integer({ min: 100, max: 599 })),
    body,
    fc.option(unreadable),
  )
  .map(([status, value, reason]): Extract<Exchange, { kind: 'answered' }> => ({
    kind: 'answered',
    status,
    body: reason === null ? { kind: 'json', value } : { kind: 'unreadable', reason },
  }));
const redactor = createRedactor(['rw-0123456789abcdef0123456789abcdef']);

/** Words of an answer, if it can be read at all. */
const wordsOf = ({ body: held }: Extract<Exchange, { kind: 'answered' }>): string =>
  held.kind === 'json' ? (JSON.stringify(held.value) ?? '').toLowerCase() : '';

export const properties: Record<string, Property> = {
  'a delivery of any text is parsed or malformed': (parameters) =>
    fc.assert(
      fc.property(
        fc.oneof(
          anyText(80),
          body.map((value) => JSON.stringify(value)),
          body.map((value) => JSON.stringify(value).slice(0, 40)),
        ),
        (text) => {
          const parsed = parseDelivery(text);
          return parsed.kind === 'malformed' || parsed.items.every((item) => item.kind !== 'success' || /image/i.test(text));
        },
      ),
      parameters,
    ),
  'a verdict is accepted, refused or a conflict only in so many words': (parameters) =>
    fc.assert(
      fc.property(answered, (answer) => {
        const { kind } = submitVerdictOf(answer, taskUUID, redactor);
        const words = wordsOf(answer);
        const isRead = answer.body.kind === 'json';
        switch (kind) {
          case 'accepted':
            return isRead && answer.status >= 200 && answer.status < 300;
          case 'refused': {
            // an unknown code refuses the task that it names, under a status for a wrong request
            const isCoded = [400, 404, 413, 422].includes(answer.status) && words.includes('"code"') && words.includes('"taskuuid"');
            const family = /contentpolicy|moderation|notfound|expired|invalid|missing|unsupported|duplicate|value|array|max/;
            return isRead && answer.status < 500 && (isCoded || family.test(words));
          }
          case 'conflict':
            return isRead && words.includes('conflicttaskuuid');
          case 'throttled':
            return answer.status === 429 || words.includes('ratelimit');
          case 'account':
            return (
              [401, 402, 403].includes(answer.status) ||
              /apikey|credits|quota|balance|token|unauthorized|forbidden|denied|suspended|disabled/.test(words)
            );
          case 'not-sent':
            return false;
          case 'unknown':
            return true;
        }
      }),
      parameters,
    ),
  'a task has failed or succeeded only if it is named, in so many words': (parameters) =>
    fc.assert(
      fc.property(answered, fc.constantFrom(taskStateOf, taskStateOfDetails), (answer, read) => {
        const state = read(answer, taskUUID, redactor);
        if (state.kind === 'running' || state.kind === 'inconclusive') return true;
        const words = wordsOf(answer);
        return (
          words.includes(taskUUID) &&
          (state.kind === 'failed' ? /timeout|provider|invalid|contentpolicy|max|value|array/.test(words) : words.includes('image'))
        );
      }),
      parameters,
    ),
  'a wait is from 0 to 60 seconds, or none': (parameters) =>
    fc.assert(
      fc.property(
        fc.oneof(anyText(12), fc.double().map(String), fc.date({ noInvalidDate: false }).map(String)),
        fc.double(),
        (header, now) => {
          const wait = parseRetryAfter(header, now, MAX_RETRY_AFTER_MS);
          return wait === undefined || (Number.isInteger(wait) && wait >= 0 && wait <= 60_000);
        },
      ),
      parameters,
    ),
  'what is hidden is in no text': (parameters) =>
    fc.assert(
      fc.property(anyText(20), anyText(20), body, (before, after, value) => {
        const secret = 'A secret garden behind a wall';
        const own = createRedactor([secret]);
        return !`${own.text(before + secret + after)}${own.json({ value, message: before + secret })}`.includes(secret);
      }),
      parameters,
    ),
  'an image is fetched from a listed host alone': (parameters) =>
    fc.assert(
      fc.property(
        fc.oneof(
          anyText(8).map((text) => `https://${text}.runware.ai/1.jpg`),
          anyText(30),
          anyText(8).map((text) => `https://im.runware.ai${text}`),
        ),
        (address) => {
          const verdict = checkImageAddress(address, { imageHosts: ['im.runware.ai'], allowLoopback: false });
          return (
            verdict.kind === 'disallowed' ||
            (verdict.url.protocol === 'https:' && verdict.url.host === 'im.runware.ai' && verdict.url.username === '')
          );
        },
      ),
      parameters,
    ),
};
