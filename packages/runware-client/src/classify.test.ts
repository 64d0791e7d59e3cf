import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classifyFault } from './classify.ts';

// Every code of Runware's error page or an official SDK, and the statuses of the error page.
const codes = {
  'rate-limit': ['rateLimitExceeded', 'inferenceRateLimitExceeded', 'providerRateLimitExceeded'],
  timeout: ['timeoutProvider', 'providerTimeout', 'failedProviderTimeout'],
  provider: [
    'providerError',
    'providerUnavailable',
    'providerBadGateway',
    'providerInternalError',
    'providerAuthenticationFailed',
    'providerInsufficientCredits',
    'inferenceError',
    'processingFailed',
    'taskFailed',
    'downloadFailed',
    'uploadFailed',
    'noAvailableServer',
    'modelUnavailable',
    'modelDisabled',
    'modelNotReady',
    'mediaStorageFileCouldNotBeMoved',
  ],
  server: [
    'internalServerError',
    'serviceUnavailable',
    'serverUnavailable',
    'standardError',
    'unknownError',
    'undefinedError',
    'defaultError',
    'unrecognizedResponse',
  ],
  quota: ['insufficientCredits', 'quotaExceeded', 'insufficientBalance'],
  auth: [
    'invalidApiKey',
    'missingApiKey',
    'unauthorized',
    'forbidden',
    'permissionDenied',
    'authenticationFailed',
    'tokenExpired',
    'accountSuspended',
    'organizationDisabled',
    'workspaceSuspended',
  ],
  safety: [
    'contentPolicyViolation',
    'providerContentPolicyViolation',
    'sensitiveContentDetected',
    'unsafeContentDetected',
    'nsfwContentDetected',
    'promptBlocked',
    'imageBlocked',
    'moderationFailed',
  ],
  validation: [
    'invalidParameter',
    'missingParameter',
    'unsupportedDimensions',
    'duplicateParameter',
    'valueOutOfRange',
    'arrayTooLong',
    'maxLengthExceeded',
    'unknownParameter',
    'incompatibleParameters',
    'inferenceRateLimitRequestTooLarge',
  ],
  conflict: ['conflictTaskUUID'],
  'not-found': ['taskNotFound', 'modelNotFound', 'taskExpired', 'taskCancelled', 'taskFailedOrNotFound'],
  unknown: ['webhookTimeout', 'somethingNew', ''],
} as const;

const rows = Object.entries(codes).flatMap(([kind, names]) => names.map((code) => ({ code, kind })));

test.each(rows)('code "$code" has class $kind', ({ code, kind }) => {
  expect(classifyFault({ code })).toBe(kind);
});

test('the case of a code does not matter', () => {
  fc.assert(
    fc.property(fc.constantFrom(...rows), ({ code, kind }) => {
      expect(classifyFault({ code: code.toUpperCase() })).toBe(kind);
      expect(classifyFault({ code: code.toLowerCase() })).toBe(kind);
    }),
  );
});

test.each([
  [400, 'validation'],
  [401, 'auth'],
  [402, 'quota'],
  [403, 'auth'],
  [404, 'not-found'],
  [429, 'rate-limit'],
  [500, 'server'],
  [503, 'server'],
  [504, 'timeout'],
  [418, 'unknown'],
  [200, 'unknown'],
])('an unknown code with HTTP %i has class %s', (httpStatus, kind) => {
  expect(classifyFault({ code: 'somethingNew', httpStatus })).toBe(kind);
});

test('a known code outweighs the status', () => {
  expect(classifyFault({ code: 'timeoutProvider', httpStatus: 400 })).toBe('timeout');
});
