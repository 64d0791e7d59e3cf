import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDelivery } from './delivery.ts';

const taskUUID = '39571168-687a-4aec-a253-df7be20bd0d4';
const imageUUID = 'c62f6951-f37f-4019-a51c-0ed55c202732';
const task = { taskType: 'imageInference', taskUUID };
const image = { ...task, imageUUID, imageURL: 'https://im.runware.ai/image/1.jpg', seed: 1, cost: 0.02 };
const facts = { seed: 1, costNanoUsd: 20_000_000, imageUUID, imageURL: image.imageURL };
const bare = { kind: 'success', taskUUID, imageUUID };
const success = { ...bare, facts };
const failure = { kind: 'error', taskUUID, code: 'timeoutProvider' };

const shapes: [string, unknown, unknown[]][] = [
  ['a flat success', { ...image, status: 'success' }, [success]],
  ['a flat success without a status', image, [success]],
  ['a success in data', { data: [image] }, [success]],
  ['a success in a data object', { data: image }, [success]],
  ['a flat error', { ...task, status: 'error', code: 'timeoutProvider', message: '…' }, [failure]],
  ['an error in errors', { errors: [{ ...task, code: 'timeoutProvider', message: '…' }] }, [failure]],
  ['a singular error', { error: { code: 'timeoutProvider', message: '…' }, taskUUID }, [failure]],
  ['a singular error that names the task inside', { error: { code: 'timeoutProvider', taskUUID } }, [failure]],
  ['an error in data with a nested error', { data: [{ ...task, status: 'error', error: { code: 'timeoutProvider' } }] }, [failure]],
  ['an error in data with a flat code', { data: [{ ...task, status: 'error', code: 'timeoutProvider' }] }, [failure]],
  ['an error without a task id', { errors: [{ code: 'timeoutProvider', message: '…' }] }, [{ kind: 'error', code: 'timeoutProvider' }]],
  ['an array of flat objects', [image, { ...task, status: 'error', code: 'timeoutProvider' }], [success, failure]],
  ['an array of envelopes', [{ data: [image] }, { errors: [{ ...task, code: 'timeoutProvider' }] }], [success, failure]],
  ['data and errors at once', { data: [image], errors: [{ ...task, code: 'timeoutProvider' }] }, [success, failure]],
  ['several items', { data: [image, { ...image, imageUUID: 'other' }] }, [success, { ...bare, imageUUID: 'other' }]],
  ['a task that is still running', { ...task, status: 'processing', progress: 40 }, [{ kind: 'processing', taskUUID }]],
  ['a task that is pending', { data: [{ ...task, status: 'pending' }] }, [{ kind: 'processing', taskUUID }]],
  ['a task without a status or an image', { data: [task] }, [{ kind: 'unknown', taskUUID }]],
  ['extra fields', { data: [{ ...image, somethingNew: { a: 1 } }], requestId: 'x' }, [success]],
  ['fields of wrong types', { data: [{ ...image, seed: 'x', cost: {}, imageURL: 7 }] }, [bare]],
  ['no items', { data: [] }, []],
];

test.each(shapes)('%s is read', (_name, body, items) => {
  expect(parseDelivery(body)).toEqual({ kind: 'parsed', items });
  expect(parseDelivery(JSON.stringify(body))).toEqual({ kind: 'parsed', items });
});

test.each([['{"data":['], [''], ['not JSON'], ['null'], ['7'], ['"text"'], ['[1,2]'], ['{}'], ['{"hello":"world"}']])(
  '%s is malformed',
  (body) => {
    expect(parseDelivery(body)).toEqual({ kind: 'malformed', reason: expect.any(String) });
  },
);

test('cuts a flood of items and an endless code', () => {
  const parsed = parseDelivery({ errors: Array.from({ length: 5000 }, () => ({ code: 'x'.repeat(5000) })) });
  expect(parsed.kind === 'parsed' && parsed.items.length).toBe(100);
  expect(parsed.kind === 'parsed' && parsed.items[0]?.code?.length).toBe(100);
});

test('throws for no text and no JSON value', () => {
  const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown;
  expect(parseDelivery({ data: deep }).kind).toBe('malformed');
  fc.assert(fc.property(fc.jsonValue(), (value) => ['parsed', 'malformed'].includes(parseDelivery(value).kind)));
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => ['parsed', 'malformed'].includes(parseDelivery(text).kind)));
  fc.assert(fc.property(fc.string(), (text) => ['parsed', 'malformed'].includes(parseDelivery(text).kind)));
  fc.assert(fc.property(likeAnAnswer(), (value) => ['parsed', 'malformed'].includes(parseDelivery(value).kind)));
});

/** JSON with the field names of an answer and any values: random JSON rarely holds one of them. */
function likeAnAnswer(): fc.Arbitrary<unknown> {
  const entry = fc.record(
    {
      taskUUID: fc.jsonValue(),
      taskType: fc.jsonValue(),
      status: fc.jsonValue(),
      imageUUID: fc.jsonValue(),
      error: fc.jsonValue(),
      code: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const list = fc.oneof(fc.array(entry), entry, fc.jsonValue());
  return fc.oneof(
    entry,
    fc.array(entry),
    fc.record({ data: list, errors: list, error: fc.oneof(entry, fc.jsonValue()) }, { requiredKeys: [] }),
  );
}
