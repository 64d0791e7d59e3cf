import { expect, test } from 'vitest';
import { checkImageAddress, imageRulesOf } from './image-address.ts';

const HOSTS = [
  'im.runware.ai',
  '127.0.0.1:8080',
  '[::1]:8080',
  'localhost:8080',
  'images.example.com',
  '10.0.0.5',
  '[fd00::5]',
  '169.254.169.254',
];
const ofRunware = { imageHosts: HOSTS, allowLoopback: false };
const ofEmulator = { imageHosts: HOSTS, allowLoopback: true };

test.each([
  'https://im.runware.ai/image/os/a20d05/ws/2/ii/c62f6951-f37f-4019-a51c-0ed55c202732.jpg',
  'https://im.runware.ai:443/a.jpg',
  'https://IM.runware.ai/a.jpg',
  'https://ｉｍ.runware.ai/a.jpg',
])('%s is allowed', (address) => {
  expect(checkImageAddress(address, ofRunware).kind).toBe('allowed');
  expect(checkImageAddress(address, ofEmulator).kind).toBe('allowed');
});

test.each(['http://127.0.0.1:8080/a.jpg', 'http://[::1]:8080/a.jpg', 'http://localhost:8080/a.jpg', 'http://127.1:8080/a.jpg'])(
  '%s is allowed only if the provider is on this machine too',
  (address) => {
    expect(checkImageAddress(address, ofEmulator).kind).toBe('allowed');
    expect(checkImageAddress(address, ofRunware)).toMatchObject({ kind: 'disallowed', reason: expect.stringContaining('this machine') });
  },
);

test.each([
  ['', 'not a URL'],
  ['/a.jpg', 'not a URL'],
  ['https://[fe80::1%25eth0]/a.jpg', 'not a URL'],
  ['https://im.runware.ai:99999/a.jpg', 'not a URL'],
  ['http://im.runware.ai/a.jpg', 'not https'],
  ['http://images.example.com/a.jpg', 'not https'],
  ['ftp://im.runware.ai/a.jpg', 'not https'],
  ['gopher://im.runware.ai/', 'not https'],
  ['https://im.runware.ai:8443/a.jpg', 'host'],
  ['https://im.runware.ai:22/a.jpg', 'host'],
  ['https://im.runware.ai./a.jpg', 'host'],
  ['https://im.runware.ai.example.com/a.jpg', 'host'],
  ['https://im-runware.ai/a.jpg', 'host'],
  ['https://im.runwаre.ai/a.jpg', 'host'], // a Cyrillic а
  ['https://im.runware.ai\u200d.example/a.jpg', 'not a URL'],
  ['https://example.com/im.runware.ai', 'host'],
  ['https://example.com\\@im.runware.ai/', 'host'],
  ['https://example.com#@im.runware.ai/', 'host'],
  ['https://im.runware.ai@example.com/a.jpg', 'credentials'],
  ['https://user:pass@im.runware.ai/a.jpg', 'credentials'],
  ['http://127.0.0.1/a.jpg', 'host'],
  ['http://0.0.0.0:8080/a.jpg', 'host'],
  ['http://[::]:8080/a.jpg', 'host'],
  ['http://[::ffff:127.0.0.1]:8080/a.jpg', 'host'],
  ['http://192.168.0.1/a.jpg', 'host'],
  ['http://metadata.google.internal/', 'host'],
  ['https://10.0.0.5/a.jpg', 'private network'],
  ['https://012.0.0.5/a.jpg', 'private network'],
  ['https://0xa000005/a.jpg', 'private network'],
  ['https://167772165/a.jpg', 'private network'],
  ['https://[fd00::5]/a.jpg', 'private network'],
  ['https://169.254.169.254/latest/meta-data', 'private network'],
  ['https://169.16689662/latest/meta-data', 'private network'],
  ['http://169.254.169.254/latest/meta-data', 'private network'],
  ['file:///etc/passwd', 'host'],
  ['data:image/png;base64,AAAA', 'host'],
  ['javascript:alert(1)', 'host'],
  ['blob:https://im.runware.ai/a', 'host'],
])('%s is disallowed because of its %s', (address, reason) => {
  for (const rules of [ofRunware, ofEmulator])
    expect(checkImageAddress(address, rules)).toMatchObject({ kind: 'disallowed', reason: expect.stringContaining(reason) });
});

test.each([
  ['https://api.runware.ai/v1', false],
  ['http://127.0.0.1:8787/v1', true],
  ['http://localhost:8787/v1', true],
  ['http://[::1]:8787/v1', true],
  ['http://127.0.0.1.example.com/v1', false],
  ['http://10.0.0.1/v1', false],
])('a provider at %s may name an address of this machine: %s', (url, allowLoopback) => {
  expect(imageRulesOf({ url })).toEqual({ imageHosts: ['im.runware.ai'], allowLoopback });
});
