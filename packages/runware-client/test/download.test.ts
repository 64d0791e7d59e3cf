import { expect, test } from 'vitest';
import { answerHalf, answerText, neverAnswer, reset, type Script } from './scripted-provider.ts';
import { setup } from './world.ts';

const bytes =
  (count: number): Script =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(Buffer.alloc(count, 7));
  };

test('an image is fetched without the key', async () => {
  await using world = await setup(bytes(1024));
  const verdict = await world.client.downloadImage(`${world.provider.url}/image.jpg`);
  expect(verdict.kind === 'fetched' && Buffer.from(verdict.bytes).equals(Buffer.alloc(1024, 7))).toBe(true);
  expect(world.provider.seen[0]?.headers.authorization).toBeUndefined();
});

const answers: [string, Script, object][] = [
  ['HTTP 404', answerText(404, ''), { kind: 'not-there', fault: { code: 'HTTP_404', class: 'not-found' } }],
  ['HTTP 410', answerText(410, ''), { kind: 'not-there' }],
  ['HTTP 403', answerText(403, '<html>'), { kind: 'not-there' }],
  ['a redirect', answerText(302, '', { location: 'http://127.0.0.1:1/' }), { kind: 'not-there', fault: { code: 'HTTP_302' } }],
  ['an image that is too large', bytes(1025), { kind: 'not-there', fault: { code: 'IMAGE_TOO_LARGE' } }],
  ['HTTP 500', answerText(500, ''), { kind: 'unavailable' }],
  ['HTTP 429', answerText(429, ''), { kind: 'unavailable' }],
  ['HTTP 400', answerText(400, ''), { kind: 'not-there' }],
  ['HTTP 204', answerText(204, ''), { kind: 'not-there' }],
  ['a dropped connection', reset, { kind: 'unavailable', fault: { class: 'network' } }],
  ['half an image', answerHalf(200), { kind: 'unavailable' }],
];

test.each(answers)('%s is understood', async (_name, script, verdict) => {
  await using world = await setup(script);
  const read = await world.client.downloadImage(`${world.provider.url}/image.jpg?token=abc`);
  expect(read).toMatchObject(verdict);
  expect(JSON.stringify(read)).not.toContain('abc');
});

test('stops reading a flood without a length', async () => {
  let closed = false;
  await using world = await setup((_request, response) => {
    response.on('close', () => (closed = true));
    const pour = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(65_536), pour);
    };
    pour();
  });
  expect(await world.client.downloadImage(`${world.provider.url}/image.jpg`)).toMatchObject({
    kind: 'not-there',
    fault: { code: 'IMAGE_TOO_LARGE' },
  });
  await expect.poll(() => closed).toBe(true);
});

test('gives up an endless image at the time limit', async () => {
  await using world = await setup((_request, response) => void response.writeHead(200).write('x'), { requestTimeoutMs: 150 });
  expect(await world.client.downloadImage(`${world.provider.url}/image.jpg`)).toMatchObject({
    kind: 'unavailable',
    fault: { code: 'REQUEST_TIMEOUT' },
  });
});

test('an aborted fetch is unavailable', async () => {
  await using world = await setup(neverAnswer);
  expect(await world.client.downloadImage(`${world.provider.url}/image.jpg`, AbortSignal.abort())).toMatchObject({
    kind: 'unavailable',
    fault: { code: 'REQUEST_ABORTED' },
  });
});

test('sends no request to an address on another host', async () => {
  await using world = await setup(bytes(10), { imageHosts: ['im.runware.ai'] });
  expect(await world.client.downloadImage(`${world.provider.url}/image.jpg`)).toMatchObject({
    kind: 'not-there',
    fault: { code: 'ADDRESS_REFUSED' },
  });
  expect(world.provider.seen).toHaveLength(0);
});
