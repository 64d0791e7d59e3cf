import { expect, test } from 'vitest';
import { checkImageAddress } from './image-address.ts';

const HOSTS = ['im.runware.ai', '127.0.0.1:8080', '[::1]:8080', 'images.example.com'];

test.each([
  'https://im.runware.ai/image/os/a20d05/ws/2/ii/c62f6951-f37f-4019-a51c-0ed55c202732.jpg',
  'https://im.runware.ai:443/a.jpg',
  'https://IM.runware.ai/a.jpg',
  'http://127.0.0.1:8080/a.jpg',
  'http://[::1]:8080/a.jpg',
])('%s is allowed', (address) => {
  expect(checkImageAddress(address, HOSTS).kind).toBe('allowed');
});

test.each([
  ['', 'not a URL'],
  ['/a.jpg', 'not a URL'],
  ['http://im.runware.ai/a.jpg', 'not https'],
  ['http://images.example.com/a.jpg', 'not https'],
  ['ftp://im.runware.ai/a.jpg', 'not https'],
  ['https://im.runware.ai:8443/a.jpg', 'host'],
  ['https://im.runware.ai.example.com/a.jpg', 'host'],
  ['https://example.com/im.runware.ai', 'host'],
  ['https://im.runware.ai@example.com/a.jpg', 'credentials'],
  ['https://user:pass@im.runware.ai/a.jpg', 'credentials'],
  ['http://127.0.0.1/a.jpg', 'host'],
  ['http://169.254.169.254/latest/meta-data', 'host'],
  ['file:///etc/passwd', 'host'],
  ['data:image/png;base64,AAAA', 'host'],
])('%s is disallowed because of its %s', (address, reason) => {
  const verdict = checkImageAddress(address, HOSTS);
  expect(verdict).toMatchObject({ kind: 'disallowed', reason: expect.stringContaining(reason) });
});
