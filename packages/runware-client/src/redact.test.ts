import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

const PROMPT = 'a lone astronaut on a mirror-like salt flat';

test('removes queries, fragments and credentials of addresses', () => {
  const { text } = createRedactor([]);
  expect(text('could not PUT https://bucket.s3.amazonaws.com/staging/1?X-Amz-Signature=abc&X-Amz-Expires=60 twice')).toBe(
    'could not PUT https://bucket.s3.amazonaws.com/staging/1?… twice',
  );
  expect(text('see https://user:pass@example.com/a#secret')).toBe('see https://…@example.com/a?…');
  expect(text('{"url":"https:\\/\\/hooks.example.com\\/runware?capability=k1.abc"}')).not.toContain('k1.abc');
});

test('removes a presigned query even without its address', () => {
  expect(createRedactor([]).text('…/1?X-Amz-Signature=abc&X-Amz-Date=x, capability=k1.abc')).not.toMatch(/abc/);
});

test('removes the prompt, even if only its beginning is repeated', () => {
  const { text } = createRedactor([PROMPT]);
  expect(text(`prompt "${PROMPT}" was blocked`)).toBe('prompt "…" was blocked');
  expect(text(`prompt ${PROMPT.slice(0, 30)}... was blocked`)).toBe('prompt …... was blocked');
});

test('removes a prompt however it is quoted', () => {
  const prompt = 'a "lone"\nastronaut & ü';
  const { text } = createRedactor([prompt]);
  const inJson = JSON.stringify(prompt).slice(1, -1);
  const writings = [prompt, inJson, JSON.stringify(inJson).slice(1, -1), inJson.replace('ü', '\\u00fc'), encodeURIComponent(prompt)];
  for (const writing of writings) expect(text(`the prompt ${writing} was blocked`), writing).toBe('the prompt … was blocked');
});

test('removes a prompt beside its name with everything after it, even if it was altered', () => {
  const { text, json } = createRedactor([]);
  for (const named of [
    '{"positivePrompt":"a cat',
    "positivePrompt = 'a cat'",
    '\\"positivePrompt\\": \\"a cat',
    '%22positivePrompt%22%3A%22a%20cat',
  ])
    expect(text(`cannot do ${named} and more`), named).not.toMatch(/cat|more/);
  expect(json([{ message: 'cannot do {"positivePrompt":"a cat"}' }])).not.toContain('cat');
  expect(text("Invalid value for 'positivePrompt' parameter. It must be a string.")).toContain('It must be a string.');
});

test('removes a short secret of any characters', () => {
  for (const secret of ['x-ray', 'test-key', ...Array.from('^$.*+?()[]{}|/\\-#&~', (each) => `a${each}b`)]) {
    expect(createRedactor([secret]).text(`was "${secret}"`), secret).toBe('was "…"');
  }
});

test('removes a whole prompt that holds an address', () => {
  const prompt = 'a poster that reads https://example.com/?a=b and nothing else';
  expect(createRedactor([prompt]).text(`blocked: ${prompt}`)).toBe('blocked: …');
});

test('removes a short prompt as a word, not from within other words', () => {
  expect(createRedactor(['cat']).text('the prompt cat has no category')).toBe('the prompt … has no category');
});

test('removes data URIs and base64', () => {
  const { text } = createRedactor([]);
  expect(text(`bad image data:image/png;base64,${'iVBORw0KGgo'.repeat(20)} at 0`)).toBe('bad image data:… at 0');
  expect(text(`bad image ${'iVBORw0KGgo'.repeat(20)}== at 0`)).toBe('bad image [base64] at 0');
});

test('removes a long quotation, because a poll does not know the prompt of its task', () => {
  expect(createRedactor([]).text(`the prompt "${PROMPT.repeat(2)}" was blocked`)).toBe('the prompt "…" was blocked');
});

test('omits values of private fields at any depth', () => {
  const json = createRedactor([]).json({ code: 'x', request: { a: 1 }, task: [{ positivePrompt: 'cat', webhookURL: 'https://a/?b' }] });
  expect(JSON.parse(json)).toEqual({ code: 'x', request: '…', task: [{ positivePrompt: '…', webhookURL: '…' }] });
});

test('cuts raw JSON to 4 KB between characters', () => {
  const json = createRedactor([]).json({ list: Array.from({ length: 50 }, () => 'é! '.repeat(40)) });
  expect(Buffer.byteLength(json)).toBeLessThanOrEqual(4096);
  expect(json).not.toContain('\uFFFD');
});

test('leaves no secret of 16 characters or more in any text', () => {
  const secret = fc.string({ minLength: 16, maxLength: 60 }).filter((value) => value.trim() !== '');
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
      expect(createRedactor([hidden]).text(before + hidden + after)).not.toContain(hidden);
      expect(createRedactor([hidden]).json([before + hidden + after])).not.toContain(JSON.stringify(hidden).slice(1, -1));
    }),
  );
});

test('redacts any JSON value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(typeof createRedactor([PROMPT]).json(value)).toBe('string');
    }),
  );
});
