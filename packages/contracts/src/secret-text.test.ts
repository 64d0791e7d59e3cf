import { expect, test } from 'vitest';
import { hideSecrets } from './secret-text.ts';

const hide = (text: string): string => hideSecrets(text, { mark: '…' });

test.each([
  'positivePrompt: a cat and a SECRET',
  'positivePrompt=a SECRET',
  'positivePrompt%3Da%20SECRET',
  '%22positivePrompt%22%3A%22a%20SECRET%22',
  'refused `positivePrompt`: `a cat` SECRET',
  "{ positivePrompt: 'a cat's SECRET' }",
  'positive_prompt: a SECRET',
  'negative-prompt = a SECRET',
  'prompt: a SECRET',
  '"prompts":["a","SECRET"]',
  'referenceImages: [ "https://a.example/SECRET" ]',
  'password=abc,SECRET',
  'password=abc&SECRET',
  'password: "abc SECRET"',
  String.raw`{\"password\":\"abc SECRET\"}`,
  'password%3DSECRET',
  'WEBHOOK_KEYS=k1:abcdef,k2:SECRET',
  'authorization: SECRET',
  'Authorization: Token SECRET',
  'Authorization: Digest a="b", response="SECRET"',
  'Bearer%20SECRET',
  'Bearer+SECRETS',
  'token=SECRET',
  '?page=1&token=SECRET',
  'access_token=SECRET',
  'aws_session_token=SECRET',
  '"sessionToken":"SECRET"',
  'auth=SECRET',
  'Cookie: a=b; sid=SECRET',
  'Set-Cookie: sid=SECRET; HttpOnly',
  'AUTH worker SECRET',
  'HELLO 3 AUTH worker SECRET',
  'CONFIG SET requirepass SECRET',
  'idempotencyKey=SECRET',
  '"idempotencyKeys":["a","SECRET"]',
  'data:image/png;charset=utf-8;base64,SECRET',
  'data:image/png,SECRET',
  '<Signature>SECRET</Signature>',
  '<ns:SessionToken>SECRET</ns:SessionToken>',
  'redis://u:SECRET/x@h:6379',
  'redis://u:pa@SECRET@host',
  `redis://u:pa'SECRET@host`,
  'redis://u:pa"SECRET<>@host',
  'https://SECRET@host/x',
])('%s is hidden', (text) => {
  expect(hide(text)).not.toContain('SECRET');
  expect(hide(`failed: ${text}`)).not.toContain('SECRET');
});

test.each([
  'generation.enqueued',
  'prompt is too long: 300000 bytes of at most 262144',
  'the prompt was refused by the content filter',
  'token bucket is empty',
  'Unexpected token } in JSON at position 4',
  'NOAUTH Authentication required.',
  'author=ada, authors: 3',
  'could not reach https://im.runware.ai/image/a.jpg?x=1 (ECONNREFUSED 10.0.0.1:443)',
  'generation "017f22e2-79b0-7cc3-98c4-dc0c0c07398f" image 0 submission 1 task 39571168-687a-4aec-a253-df7be20bd0d4 settled',
  'key images/2026/11/22/a/0-1.jpg, sha256 aaaa, cost 0.02 USD',
  'redis://10.0.0.1:6379 does not answer (timeout); nothing was sent',
  'model xai:grok-imagine@image, 1280x896, attempt 2 of 3',
])('%s stays as it is', (text) => {
  expect(hide(text)).toBe(text);
});

test('keeps the rest of a JSON object', () => {
  expect(hide('{"positivePrompt":"a \\"cat\\" SECRET","width":1024}')).toBe('{"positivePrompt":"…","width":1024}');
  expect(hide('{"apiKey":"a","code":"x"}')).toBe('{"apiKey":"…","code":"x"}');
});

test.each([
  'prompt ',
  'prompt:',
  'password',
  'token=',
  'token = "',
  'AUTH ',
  'Bearer ',
  '://',
  '@',
  'data:a/b;c=',
  '<Token>',
  '%20',
  '[',
  "'",
  '`',
  '\\',
])('reads many of %j in linear time', (part) => {
  const text = part.repeat(8192).slice(0, 8192);
  const times = Array.from({ length: 3 }, () => {
    const startedAt = process.cpuUsage();
    hide(text);
    const { user, system } = process.cpuUsage(startedAt);
    return (user + system) / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(25);
});
