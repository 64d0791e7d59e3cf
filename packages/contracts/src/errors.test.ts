import { describe, expect, test } from 'vitest';
import { errorCodes, type ErrorCode } from './error-codes.ts';
import * as errors from './errors.ts';
import { QueueFullError } from './queue-full.ts';
import { RetryRefusedError, retryRefusals } from './retry-refused.ts';

const cause = new Error('connect ECONNREFUSED');
const details = { key: 'records/x', attempt: 2 };
const options = { cause, details };
const problem = { path: 'ttl', message: 'must be a whole number of at least 60', given: '59' };

const progress = { generationIds: ['a', 'b', 'c'], written: ['a'], maybeWritten: ['b'], notWritten: ['c'] };

/** Every class with each of its codes, its `retryable`, and what it adds to its details. */
const cases: { error: errors.DarkroomError; code: ErrorCode; retryable: boolean; added?: object }[] = [
  { error: new errors.InvalidRequestError([problem], options), code: 'request.invalid', retryable: false },
  { error: new errors.RequestConflictError('x', options), code: 'request.conflict', retryable: false },
  { error: new errors.GenerationIdError('x', 1, options), code: 'request.id-out-of-time', retryable: false },
  { error: new errors.ConfigError([problem], options), code: 'config.invalid', retryable: false },
  { error: new errors.QueueUnavailableError('x', { ...options, reached: 'maybe' }), code: 'queue.unavailable', retryable: true },
  { error: new errors.EnqueueManyError(progress, options), code: 'queue.partly-enqueued', retryable: true },
  { error: new errors.StoreNotInitialisedError(options), code: 'store.not-initialised', retryable: true },
  {
    error: new errors.CorruptRecordError('records/x', 'x', { cause, details: { attempt: 2 } }),
    code: 'store.corrupt-record',
    retryable: false,
  },
  { error: new errors.ForeignBucketError('x', options), code: 'store.foreign-bucket', retryable: false },
  { error: new errors.RebuildNeededError('x', options), code: 'store.rebuild-needed', retryable: false },
  { error: new errors.NewerFormatError('2', 1, options), code: 'store.newer-format', retryable: true, added: { stored: '2', known: 1 } },
  { error: new errors.WebhookSignatureError('x', options), code: 'notification.unverified', retryable: false },
  {
    error: new errors.WebhookEndpointError('webhook-endpoint.not-found', 'x', options),
    code: 'webhook-endpoint.not-found',
    retryable: false,
  },
  { error: new errors.SpendCapError('x', 1, options), code: 'spend.cap-reached', retryable: true },
  {
    error: new QueueFullError('a', 2, { bound: 'openImages', limit: 3, open: 3 }, options),
    code: 'queue.full',
    retryable: true,
    added: { bound: 'openImages', limit: 3, open: 3 },
  },
  {
    error: new QueueFullError('a', 4, { bound: 'openImages', limit: 3, open: 0 }, options),
    code: 'queue.full',
    retryable: false,
    added: { bound: 'openImages', limit: 3, open: 0 },
  },
  { error: new errors.GenerationError('generation.not-found', 'x', options), code: 'generation.not-found', retryable: false },
  { error: new errors.GenerationError('generation.wait-timeout', 'x', options), code: 'generation.wait-timeout', retryable: true },
  {
    error: new errors.StorageError('storage.unavailable', 'x', { ...options, reached: 'no' }),
    code: 'storage.unavailable',
    retryable: true,
  },
  {
    error: new errors.StorageError('storage.unsuitable', 'x', { ...options, reached: 'yes' }),
    code: 'storage.unsuitable',
    retryable: false,
  },
  {
    error: new errors.StorageError('storage.corrupt-record', 'x', { ...options, reached: 'yes' }),
    code: 'storage.corrupt-record',
    retryable: false,
  },
  {
    error: new errors.StorageError('storage.damaged-image', 'x', { ...options, reached: 'yes' }),
    code: 'storage.damaged-image',
    retryable: false,
  },
  { error: new errors.GenerationError('image.not-there', 'x', options), code: 'image.not-there', retryable: false },
  ...retryRefusals.map((code) => ({
    error: new RetryRefusedError('a', [{ index: 0, code, generationId: 'b' }], options),
    code,
    retryable: code === 'retry.in-progress',
  })),
  { error: new errors.LocalStackError('x', options), code: 'local-stack.unavailable', retryable: false },
];

describe.each(cases)('$error.name with $code', ({ error, code, retryable, added }) => {
  test('has its code and its `retryable`', () => {
    expect(error).toMatchObject({ code, retryable });
    expect(errorCodes[code]).toBeTypeOf('string');
    expect(errors.hasCode(error, code)).toBe(true);
  });

  test('keeps its cause and its details', () => {
    expect(error.cause).toBe(cause);
    expect(error.details).toEqual({ ...added, ...details });
  });

  test('is an Error under the name of its class', () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(errors.DarkroomError);
    expect(error.name).toBe(error.constructor.name);
    expect(String(error)).toMatch(new RegExp(`^${error.name}: `));
  });
});

describe('errors', () => {
  test('every class is in the table above', () => {
    const classes = Object.values({ ...errors, QueueFullError, RetryRefusedError }).filter(
      (value) => typeof value === 'function' && value.prototype instanceof errors.DarkroomError,
    );
    expect(new Set(cases.map(({ error }) => error.constructor))).toEqual(new Set(classes));
  });

  test('codes are dotted and in lower case', () => {
    for (const code of Object.keys(errorCodes)) expect(code).toMatch(/^[a-z-]+\.[a-z-]+$/);
  });

  test('without a cause there is no cause, and details are empty', () => {
    const error = new errors.RequestConflictError('x');
    expect(Object.hasOwn(error, 'cause')).toBe(false);
    expect(error.details).toEqual({});
  });

  test('lists one problem a line, with its path, its rule and the given value', () => {
    const whole = { path: '', message: 'must be an object', given: 'null' };
    const ungiven = { path: 'REDIS_URL', message: 'is required' };
    expect(new errors.InvalidRequestError([problem, whole], { enqueues: true }).message).toBe(
      'the request has 2 problems; nothing was queued or bought\n  ttl: must be a whole number of at least 60, got 59\n  (as a whole): must be an object, got null',
    );
    expect(new errors.InvalidRequestError([problem]).message).toMatch(/^the call has 1 problem\n/);
    expect(new errors.InvalidRequestError([problem]).problems).toEqual([problem]);
    expect(new errors.ConfigError([ungiven]).message).toBe('1 setting is wrong\n  REDIS_URL: is required');
    expect(new errors.ConfigError([ungiven, problem])).toMatchObject({
      message: expect.stringMatching(/^2 settings are wrong/),
      problems: [ungiven, problem],
    });
  });

  test('counts all problems and lists a bounded part of them', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => ({ path: `requests[${at}]`, message: 'x'.repeat(at % 2 === 0 ? 10 : 2000) }));
    for (const error of [new errors.InvalidRequestError(many), new errors.ConfigError(many), new errors.ConfigError(many.slice(0, 60))]) {
      expect(error.problemCount).toBeGreaterThanOrEqual(60);
      expect(error.problems.length).toBeLessThanOrEqual(50);
      expect(error.message).toMatch(new RegExp(`and ${error.problemCount - error.problems.length} more$`));
      expect(Buffer.byteLength(JSON.stringify([error, error.message]))).toBeLessThanOrEqual(32 * 1024);
    }
  });

  test('keeps the values that a caller needs to continue', () => {
    expect(new errors.QueueUnavailableError('x', { generationId: 'g', reached: 'maybe' })).toMatchObject({
      generationId: 'g',
      reached: 'maybe',
    });
    expect(new errors.QueueUnavailableError('x', { reached: 'no' }).generationId).toBeUndefined();
    expect(new errors.EnqueueManyError(progress)).toMatchObject(progress);
    expect(new errors.SpendCapError('x', 1_770_000_000_000).resetsAt).toBe(1_770_000_000_000);
    expect(new errors.StorageError('storage.unavailable', 'x', { reached: 'maybe' }).reached).toBe('maybe');
  });

  test('a read that fails behind a write of the same call is no refusal, and says what is done', () => {
    const after = (error: unknown) => errors.afterWrite('g', 'cancelled', error);
    const lost = { code: 'queue.unavailable', reached: 'maybe', generationId: 'g', message: expect.stringContaining('was cancelled') };
    expect(after(new errors.GenerationError('generation.not-found', 'x'))).toMatchObject(lost);
    expect(after(new errors.StoreNotInitialisedError())).toMatchObject(lost);
    expect(after(new errors.QueueUnavailableError('x', { reached: 'no', details: { reason: 'recovering' } }))).toMatchObject(lost);
    const done = { code: 'queue.unavailable', reached: 'yes', generationId: 'g', message: expect.stringContaining('is cancelled') };
    expect(after(new errors.QueueUnavailableError('x', { reached: 'no', details: { reason: 'refused' } }))).toMatchObject(done);
    expect(after(new errors.NewerFormatError('2', 1))).toMatchObject(done);
    expect(after(cause)).toBe(cause);
  });

  test('an error about a batch repeats its first error, and is as retryable', () => {
    const conflict = new errors.RequestConflictError('it is taken; nothing was queued or bought');
    expect(new errors.EnqueueManyError(progress, { cause: conflict })).toMatchObject({
      retryable: false,
      message:
        'of 3 generations 1 were enqueued, 1 may have been and 1 were not; calling again with the same generationIds is safe: it is taken; of that one nothing was queued or bought',
    });
    expect(new errors.EnqueueManyError(progress, { cause: new errors.SpendCapError('x', 1) }).retryable).toBe(true);
  });

  test('finds a code on an error of a second copy of this package, and on nothing else', () => {
    expect(errors.hasCode(Object.assign(new Error('x'), { code: 'spend.cap-reached' }), 'spend.cap-reached')).toBe(true);
    for (const other of [undefined, null, 'spend.cap-reached', new Error('x'), { code: 'ECONNRESET' }]) {
      expect(errors.hasCode(other, 'spend.cap-reached')).toBe(false);
    }
  });
});
