import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

const PROMPT = 'a lone astronaut on a mirror-like salt flat';

test('queries, fragments and credentials of addresses are cut off', () => {
  const { text } = createRedactor([]);
  expect(text('could not PUT https://bucket.s3.amazonaws.com/staging/1?X-Amz-Signature=abc&X-Amz-Expires=60 twice')).toBe(
    'could not PUT https://bucket.s3.amazonaws.com/staging/1?… twice',
  );
  expect(text('see https://user:pass@example.com/a#secret')).toBe('see https://…@example.com/a?…');
  expect(text('{"url":"https:\\/\\/hooks.example.com\\/runware?capability=k1.abc"}')).not.toContain('k1.abc');
});

test('a presigned query is cut off without its address', () => {
  expect(createRedactor([]).text('…/1?X-Amz-Signature=abc&X-Amz-Date=x, capability=k1.abc')).not.toMatch(/abc/);
});

test('the prompt is taken out, also when only its beginning is repeated', () => {
  const { text } = createRedactor([PROMPT]);
  expect(text(`prompt "${PROMPT}" was blocked`)).toBe('prompt "…" was blocked');
  expect(text(`prompt ${PROMPT.slice(0, 30)}... was blocked`)).toBe('prompt …... was blocked');
});

test('a prompt is taken out however it was quoted', () => {
  const prompt = 'a "lone"\nastronaut & ü';
  const { text } = createRedactor([prompt]);
  const inJson = JSON.stringify(prompt).slice(1, -1);
  const writings = [prompt, inJson, JSON.stringify(inJson).slice(1, -1), inJson.replace('ü', '\\u00fc'), encodeURIComponent(prompt)];
  for (const writing of writings) expect(text(`the prompt ${writing} was blocked`), writing).toBe('the prompt … was blocked');
});

test('a prompt that stands beside its name is taken out with all that follows, whatever became of it', () => {
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

test('every character may stand in a short secret', () => {
  for (const secret of ['x-ray', 'test-key', ...Array.from('^$.*+?()[]{}|/\\-#&~', (each) => `a${each}b`)]) {
    expect(createRedactor([secret]).text(`was "${secret}"`), secret).toBe('was "…"');
  }
});

test('a prompt that holds an address is taken out whole', () => {
  const prompt = 'a poster that reads https://example.com/?a=b and nothing else';
  expect(createRedactor([prompt]).text(`blocked: ${prompt}`)).toBe('blocked: …');
});

test('a short prompt is taken out as a word and not out of other words', () => {
  expect(createRedactor(['cat']).text('the prompt cat has no category')).toBe('the prompt … has no category');
});

test('data URIs and base64 are taken out', () => {
  const { text } = createRedactor([]);
  expect(text(`bad image data:image/png;base64,${'iVBORw0KGgo'.repeat(20)} at 0`)).toBe('bad image data:… at 0');
  expect(text(`bad image ${'iVBORw0KGgo'.repeat(20)}== at 0`)).toBe('bad image [base64] at 0');
});

test('a long quotation is taken out, because a poll does not know the prompt of its task', () => {
  expect(createRedactor([]).text(`the prompt "${PROMPT.repeat(2)}" was blocked`)).toBe('the prompt "…" was blocked');
});

test('values of private fields are left out at any depth', () => {
  const json = createRedactor([]).json({ code: 'x', request: { a: 1 }, task: [{ positivePrompt: 'cat', webhookURL: 'https://a/?b' }] });
  expect(JSON.parse(json)).toEqual({ code: 'x', request: '…', task: [{ positivePrompt: '…', webhookURL: '…' }] });
});

test('raw JSON is at most 4 KB and cut between characters', () => {
  const json = createRedactor([]).json({ list: Array.from({ length: 50 }, () => 'é! '.repeat(40)) });
  expect(Buffer.byteLength(json)).toBeLessThanOrEqual(4096);
  expect(json).not.toContain('\uFFFD');
});

test('no secret of 16 characters or more survives, whatever stands around it', () => {
  const secret = fc.string({ minLength: 16, maxLength: 60 }).filter((value) => value.trim() !== '');
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
      expect(createRedactor([hidden]).text(before + hidden + after)).not.toContain(hidden);
      expect(createRedactor([hidden]).json([before + hidden + after])).not.toContain(JSON.stringify(hidden).slice(1, -1));
    }),
  );
});

test('any JSON value can be redacted', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(typeof createRedactor([PROMPT]).json(value)).toBe('string');
    }),
  );
});
