import { mintCapability } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildSubmission, createMemoryStores, keys, now, pathOf, startReceiver } from './setup.ts';

const WEBHOOK_PATH = '/webhooks/runware';

/** Everything a stranger may try who has seen one capability of another time, or none. */
function buildForgeries(): Record<string, string> {
  const { ref, capability } = buildSubmission();
  const [keyId = '', generationId = '', index = '', n = '', expiry = '', mac = ''] = capability.split('.');
  const other = buildSubmission().capability.split('.');
  const join = (...parts: string[]) => pathOf(parts.join('.'));
  const flipped = mac.startsWith('A') ? `B${mac.slice(1)}` : `A${mac.slice(1)}`;
  const wrongKey = mintCapability([{ id: keyId, secret: 'w'.repeat(40) }], ref, now + 1000);
  const unknownKey = mintCapability([{ id: 'retired', secret: keys[0].secret }], ref, now + 1000);
  const swappedKey = ['old', generationId, index, n, expiry, mac] as const;
  const lastBits = mac.slice(0, -1) + String.fromCharCode(mac.charCodeAt(mac.length - 1) + 1);

  return {
    'no query': WEBHOOK_PATH,
    'no value': `${WEBHOOK_PATH}?capability`,
    'an empty value': `${WEBHOOK_PATH}?capability=`,
    'another parameter': `${WEBHOOK_PATH}?token=${capability}`,
    'another case of the parameter': `${WEBHOOK_PATH}?Capability=${capability}`,
    'the capability twice': `${WEBHOOK_PATH}?capability=${capability}&capability=${capability}`,
    'a good one after a bad one': `${WEBHOOK_PATH}?capability=x&capability=${capability}`,
    'as an array': `${WEBHOOK_PATH}?capability[]=${capability}`,
    'as an object': `${WEBHOOK_PATH}?capability[a]=${capability}`,
    'a prototype': `${WEBHOOK_PATH}?__proto__=${capability}`,
    'in the fragment': `${WEBHOOK_PATH}?#capability=${capability}`,
    'one character': pathOf('x'),
    'a word': pathOf('true'),
    'null bytes': `${WEBHOOK_PATH}?capability=%00%00`,
    'a very long text': pathOf('a'.repeat(4000)),
    'only dots': pathOf('.....'),
    'a JSON web token': pathOf('eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.'),
    'a space before it': pathOf(` ${capability}`),
    'a line feed after it': pathOf(`${capability}\n`),
    'another one appended': pathOf(`${capability}${capability}`),
    'in capitals': pathOf(capability.toUpperCase()),
    'no MAC': join(keyId, generationId, index, n, expiry),
    'an empty MAC': join(keyId, generationId, index, n, expiry, ''),
    'a short MAC': join(keyId, generationId, index, n, expiry, mac.slice(0, -1)),
    'a long MAC': join(keyId, generationId, index, n, expiry, `${mac}A`),
    'the first character of the MAC changed': join(keyId, generationId, index, n, expiry, flipped),
    'the last bits of the MAC changed': join(keyId, generationId, index, n, expiry, lastBits),
    'a MAC of zeros': join(keyId, generationId, index, n, expiry, 'A'.repeat(43)),
    'the MAC of another submission': join(keyId, generationId, index, n, expiry, other[5] ?? ''),
    'another generation': join(keyId, other[1] ?? '', index, n, expiry, mac),
    'another image': join(keyId, generationId, '1', n, expiry, mac),
    'another submission': join(keyId, generationId, index, '2', expiry, mac),
    'submission 0': join(keyId, generationId, index, '0', expiry, mac),
    'a negative image': join(keyId, generationId, '-1', n, expiry, mac),
    'a longer life': join(keyId, generationId, index, n, String(Number(expiry) + 1), mac),
    'an endless life': join(keyId, generationId, index, n, '999999999999', mac),
    'leading zeros of the image': join(keyId, generationId, `0${index}`, n, expiry, mac),
    'leading zeros of the submission': join(keyId, generationId, index, `0${n}`, expiry, mac),
    'leading zeros of the life': join(keyId, generationId, index, n, `0${expiry}`, mac),
    'the other key': join(...swappedKey),
    'a key that nobody has': pathOf(unknownKey),
    'no key': join('', generationId, index, n, expiry, mac),
    'a wrong secret': pathOf(wrongKey),
    'a MAC made without a secret': pathOf(mintCapability([{ id: keyId, secret: '' }], ref, now + 1000)),
    'one that has just expired': pathOf(mintCapability(keys, ref, now)),
    'one that expired long ago': pathOf(mintCapability(keys, ref, now - 86_400_000)),
    'not an id of ours': join(keyId, '39571168-687a-4aec-a253-df7be20bd0d4', index, n, expiry, mac),
    'an id in capitals': join(keyId, generationId.toUpperCase(), index, n, expiry, mac),
    'a wildcard': join(keyId, '*', index, n, expiry, mac),
    'a path in the id': join(keyId, '../../../../../../etc/passwd-aaaaaaaa', index, n, expiry, mac),
  };
}

test('at least forty forgeries are tried', () => {
  expect(Object.keys(buildForgeries()).length).toBeGreaterThanOrEqual(40);
});

test.for(Object.keys(buildForgeries()))('%s is refused with 401, an empty body, and no store touched', async (name) => {
  const { stores, kept, woken } = createMemoryStores();
  const { post, log } = await startReceiver(stores);
  const path = buildForgeries()[name]!;
  expect(await post(path, '{"data":[]}')).toEqual({ status: 401, body: '' });
  expect(kept).toEqual([]);
  expect(woken).toEqual([]);
  const given = new URLSearchParams(path.slice(path.indexOf('?') + 1)).get('capability') ?? '';
  if (given.trim().length > 10) expect(log()).not.toContain(given.trim());
});

test('the capability in a header, a cookie or the body is not one', async () => {
  const { stores, kept } = createMemoryStores();
  const { post } = await startReceiver(stores);
  const { capability } = buildSubmission();
  const headers = { authorization: `Bearer ${capability}`, cookie: `capability=${capability}`, 'x-capability': capability };
  expect(await post(WEBHOOK_PATH, JSON.stringify({ capability }), { headers })).toEqual({ status: 401, body: '' });
  expect(
    await post(WEBHOOK_PATH, `capability=${capability}`, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  ).toEqual({
    status: 401,
    body: '',
  });
  expect(kept).toEqual([]);
});

test('refusals are counted by reason, and a flood of them is a few log lines', async () => {
  let time = now;
  const { stores } = createMemoryStores();
  const { post, receiver, log } = await startReceiver(stores, { clock: { now: () => time } });
  for (let attempt = 0; attempt < 50; attempt += 1) await post(pathOf(`guess-${attempt}`));
  await post(WEBHOOK_PATH);
  time += 10_000;
  await post(pathOf('guess-again'));
  expect(receiver.counts.all()).toEqual({ 'refused.malformed': 51, 'refused.missing': 1 });
  const lines = log()
    .split('\n')
    .filter((line) => line.includes('delivery refused'));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { reason: 'malformed', refused: 1, code: 'delivery.unauthenticated' },
    { reason: 'missing', refused: 1 },
    { reason: 'malformed', refused: 50 },
  ]);
  expect(log()).not.toContain('guess-');
});

test('a capability is good until its time and not after', async () => {
  let time = now;
  const { stores, kept } = createMemoryStores();
  const { post } = await startReceiver(stores, { clock: { now: () => time } });
  const { path } = buildSubmission();
  time = now + 3_600_000 - 1;
  expect((await post(path, '{}')).status).toBe(200);
  time += 1;
  expect((await post(path, '{"late":1}')).status).toBe(401);
  expect(kept).toHaveLength(1);
});
