import { parameters } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { answerHalf, answerJson, answerText, reset, type Script } from './scripted-provider.ts';
import { apiKey, order, otherTaskUUID, secrets, setup, taskUUID } from './world.ts';

const task = { taskType: 'imageInference', taskUUID };
const error = (code: string, more: object = {}) => ({ code, message: `refused: ${code}`, taskType: 'imageInference', taskUUID, ...more });

test('sends one task in an array, with the key in a header', async () => {
  await using world = await setup(answerJson(200, { data: [task] }));
  await world.client.submit(order);
  const [request] = world.provider.seen;
  expect(request?.method).toBe('POST');
  expect(request?.path).toBe('/v1');
  expect(request?.headers.authorization).toBe(`Bearer ${apiKey}`);
  expect(request?.body).toEqual([
    {
      taskType: 'imageInference',
      taskUUID,
      model: 'xai:grok-imagine@image',
      positivePrompt: order.request.positivePrompt,
      width: 1280,
      height: 896,
      outputFormat: 'JPG',
      outputQuality: 95,
      safety: { checkContent: false, mode: 'none' },
      numberResults: 1,
      outputType: 'URL',
      ttl: 86_400,
      includeCost: true,
      deliveryMethod: 'async',
      uploadEndpoint: order.uploadEndpoint,
      webhookURL: order.webhookURL,
    },
  ]);
});

test('sends no upload or webhook if the order has none, and a resolution instead of a size', async () => {
  await using world = await setup();
  const { width: _width, height: _height, ...rest } = order.request;
  const request = { ...rest, resolution: '1K', inputs: { referenceImages: [otherTaskUUID] } };
  await world.client.submit({
    taskUUID,
    request,
    ttlSeconds: 60,
  });
  const body = world.provider.seen[0]?.body;
  // The test above shows that the body is an array of one task.
  const sent = (body as Record<string, unknown>[])[0] ?? {};
  for (const name of ['uploadEndpoint', 'webhookURL', 'width', 'height', 'clientReference']) expect(sent).not.toHaveProperty(name);
  expect(sent).toMatchObject({ resolution: '1K', inputs: { referenceImages: [otherTaskUUID] } });
});

test.each(['inputs/', 'inputs/acme/', 'of-a-later-version/'])('never sends the reference of a kept input, darkroom:%s…', async (folder) => {
  await using world = await setup();
  const inputs = { referenceImages: [`darkroom:${folder}${'0a'.repeat(32)}`] };
  const verdict = await world.client.submit({ ...order, request: { ...order.request, inputs } });
  expect(verdict).toMatchObject({ kind: 'not-sent', fault: { code: 'keptInput' } });
  expect(world.provider.seen).toEqual([]);
});

const replies: [string, Script, object][] = [
  ['an acknowledgement', answerJson(200, { data: [task] }), { kind: 'accepted' }],
  ['an acknowledgement without data', answerJson(200, { data: [] }), { kind: 'unknown', wordless: true }],
  ['an empty object', answerJson(200, {}), { kind: 'unknown', wordless: true }],
  ['data of another host', answerJson(200, { data: [{ id: 1 }] }), { kind: 'unknown', foreign: true }],
  ['HTTP 202', answerJson(202, { data: [task] }), { kind: 'accepted' }],
  [
    'an error of another task',
    answerJson(200, { data: [], errors: [error('invalidModel', { taskUUID: otherTaskUUID })] }),
    { kind: 'unknown', wordless: true },
  ],

  [
    'a conflict with HTTP 400',
    answerJson(400, { data: [], errors: [error('conflictTaskUUID')] }),
    { kind: 'conflict', fault: { class: 'conflict', code: 'conflictTaskUUID', httpStatus: 400 } },
  ],
  ['a conflict with HTTP 200', answerJson(200, { errors: [error('conflictTaskUUID')] }), { kind: 'conflict' }],

  [
    'a refused parameter',
    answerJson(400, { errors: [error('invalidParameter', { parameter: ['width', 'height'] })] }),
    { kind: 'refused', fault: { class: 'validation', parameter: 'width, height' } },
  ],
  ['a refused parameter with HTTP 200', answerJson(200, { data: [], errors: [error('unsupportedDimensions')] }), { kind: 'refused' }],
  [
    'a parameter of the order without a task id',
    answerJson(400, { errors: [{ code: 'missingParameter', message: 'x', parameter: 'inputs.referenceImages[0]' }] }),
    { kind: 'refused' },
  ],
  [
    'an error that names neither task nor parameter',
    answerJson(400, { errors: [{ code: 'missingParameter', message: 'x' }] }),
    { kind: 'unknown', foreign: true },
  ],
  ['not found, said of nothing', answerJson(404, { errors: [{ code: 'notFound', message: 'x' }] }), { kind: 'unknown', foreign: true }],
  ['a schema of a gateway', answerJson(400, { code: 'invalidBody', message: 'x', path: '0.task' }), { kind: 'unknown', foreign: true }],
  [
    'a parameter that is not of the order',
    answerJson(400, { errors: [error('invalidWebhookURL', { parameter: 'webhookURL' })] }),
    { kind: 'throttled', fault: { class: 'validation', parameter: 'webhookURL' } },
  ],
  ['the greeting of another host', answerJson(200, { status: 'ok' }), { kind: 'unknown', foreign: true }],
  ['a list of something else', answerJson(200, [{ id: 1 }]), { kind: 'unknown', foreign: true }],
  ['a login page', answerText(200, '<html>'), { kind: 'unknown', foreign: true }],
  ['a redirect', answerText(302, '', { location: '/login' }), { kind: 'unknown', foreign: true }],
  ['a singular error', answerJson(400, { error: { code: 'invalidModel', message: 'x' }, taskUUID }), { kind: 'refused' }],
  ['refused content', answerJson(403, { errors: [error('contentPolicyViolation')] }), { kind: 'refused', fault: { class: 'safety' } }],
  ['an unknown model', answerJson(404, { errors: [error('modelNotFound')] }), { kind: 'refused', fault: { class: 'not-found' } }],
  [
    'a request that is too large for any allowance',
    answerJson(429, { errors: [error('inferenceRateLimitRequestTooLarge')] }),
    { kind: 'refused' },
  ],
  ['an unknown code with HTTP 400', answerJson(400, { errors: [error('somethingNew')] }), { kind: 'refused' }],

  ['a rate limit', answerJson(429, { errors: [error('rateLimitExceeded')] }), { kind: 'throttled', fault: { class: 'rate-limit' } }],
  ['a rate limit with HTTP 200', answerJson(200, { errors: [error('providerRateLimitExceeded')] }), { kind: 'throttled' }],
  ['HTTP 429 with seconds to wait', answerText(429, 'slow down', { 'retry-after': '7' }), { kind: 'throttled', retryAfterMs: 7000 }],
  [
    'HTTP 429 with a date to wait for',
    answerJson(429, {}, { 'retry-after': 'Sun, 22 Nov 2026 12:00:09 GMT' }),
    { kind: 'throttled', retryAfterMs: 9000 },
  ],
  ['HTTP 429 with an endless wait', answerJson(429, {}, { 'retry-after': '86400' }), { kind: 'throttled', retryAfterMs: 60_000 }],
  [
    'HTTP 429 with a server error',
    answerJson(429, { errors: [error('serviceUnavailable')] }),
    { kind: 'throttled', fault: { class: 'rate-limit' } },
  ],

  ['a wrong key', answerJson(401, { errors: [error('invalidApiKey')] }), { kind: 'account', fault: { class: 'auth' } }],
  ['an empty balance', answerJson(402, { errors: [error('insufficientCredits')] }), { kind: 'account', fault: { class: 'quota' } }],
  ['an empty balance with HTTP 200', answerJson(200, { errors: [error('insufficientCredits')] }), { kind: 'account' }],
  ...[401, 402, 403, 404].flatMap((status): [string, Script, object][] => [
    [`HTTP ${status} of a gateway`, answerText(status, '<html>'), { kind: 'unknown', foreign: true, fault: { code: `HTTP_${status}` } }],
    [`an empty HTTP ${status}`, answerText(status, ''), { kind: 'unknown', foreign: true }],
    [`HTTP ${status} with JSON of another`, answerJson(status, { message: 'Forbidden' }), { kind: 'unknown', foreign: true }],
  ]),

  ['HTTP 500', answerJson(500, { errors: [error('internalServerError')] }), { kind: 'unknown', fault: { class: 'server' } }],
  [
    'HTTP 500 with a refusal',
    answerJson(500, { errors: [error('invalidParameter')] }),
    { kind: 'unknown', fault: { class: 'validation' } },
  ],
  ['HTTP 500 with a conflict', answerJson(500, { errors: [error('conflictTaskUUID')] }), { kind: 'unknown' }],
  ['HTTP 503', answerJson(503, {}, { 'retry-after': '3' }), { kind: 'unknown', throttle: true, retryAfterMs: 3000 }],
  ['HTTP 504 of a gateway', answerText(504, '<html>'), { kind: 'unknown', throttle: true, fault: { code: 'HTTP_504' } }],
  [
    'a provider error with HTTP 200',
    answerJson(200, { errors: [error('providerError')] }),
    { kind: 'unknown', fault: { class: 'provider' } },
  ],
  [
    "trouble of Runware's account at the provider",
    answerJson(400, { errors: [error('providerInsufficientCredits')] }),
    { kind: 'unknown', fault: { class: 'provider' } },
  ],
  [
    'a timeout of the provider with HTTP 400',
    answerJson(400, { errors: [error('timeoutProvider')] }),
    { kind: 'unknown', fault: { class: 'timeout' } },
  ],
  ['an unknown code with HTTP 200', answerJson(200, { errors: [error('somethingNew')] }), { kind: 'unknown', fault: { class: 'unknown' } }],
  ['acknowledged and refused at once', answerJson(200, { data: [task], errors: [error('invalidParameter')] }), { kind: 'unknown' }],
  ['an unknown code without a task', answerJson(404, { errors: [{ code: 'x', message: 'no such route' }] }), { kind: 'unknown' }],
  ['an error without a code', answerJson(404, { error: 'Not Found' }), { kind: 'unknown', fault: { class: 'not-found' } }],
  ['HTML with HTTP 200', answerText(200, '<html>'), { kind: 'unknown', fault: { code: 'HTTP_200' } }],
  ['an empty body with HTTP 200', answerText(200, ''), { kind: 'unknown' }],
  ['JSON that is no object', answerText(200, '"ok"'), { kind: 'unknown' }],
  ['half a body with HTTP 200', answerHalf(200), { kind: 'unknown' }],
  ['half of a refusal', answerText(400, JSON.stringify({ errors: [error('invalidModel')] }).slice(0, -1)), { kind: 'unknown' }],
  ['half a body with HTTP 429', answerHalf(429), { kind: 'throttled' }],
  ['a body without end', answerText(200, 'x'.repeat(1024 * 1024 + 1)), { kind: 'unknown' }],
  ['HTML with HTTP 400', answerText(400, '<html>'), { kind: 'unknown' }],
  ['a redirect', answerText(302, '', { location: '/elsewhere' }), { kind: 'unknown', fault: { code: 'HTTP_302' } }],
  ['a connection that is dropped after the request', reset, { kind: 'unknown', fault: { class: 'network' } }],
];

test.each(replies)('%s is understood', async (_name, script, verdict) => {
  await using world = await setup(script);
  expect(await world.client.submit(order)).toMatchObject(verdict);
  expect(world.provider.seen).toHaveLength(1);
});

test.each([
  ['by the connection', answerHalf(200)],
  ['by a proxy, which tells the new length', answerText(200, JSON.stringify({ data: [task] }).slice(0, -9))],
])('an answer that was cut off %s is not taken for one of another server', async (_how, script) => {
  await using world = await setup(script);
  expect(await world.client.submit(order)).not.toHaveProperty('foreign');
  expect(await world.client.checkAccount({ dryRun: false })).toMatchObject({ kind: 'inconclusive', canAsk: true });
});

test('a refused parameter of the page concerns either its order or the settings of Darkroom, even if the error names no task', async () => {
  await using world = await setup();
  const names = new Set(Object.keys(parameters).map((path) => path.split('.', 1)[0] ?? path));
  names.delete('taskType');
  for (const parameter of names) {
    world.provider.script = answerJson(400, { errors: [{ code: 'invalidParameter', message: 'x', parameter }] });
    expect(['refused', 'throttled'], parameter).toContain((await world.client.submit(order)).kind);
  }
});

test('a fault holds no secret and no prompt', async () => {
  const echo = error('invalidParameter', {
    message: `bad positivePrompt "${order.request.positivePrompt}" for ${order.uploadEndpoint} and ${order.webhookURL} by ${apiKey}`,
    task: { ...order.request, ...order },
    value: order.request.positivePrompt.slice(0, 40),
  });
  await using world = await setup(answerJson(400, { errors: [echo] }));
  const text = JSON.stringify(await world.client.submit(order));
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(text).not.toContain('lone astronaut');
});
