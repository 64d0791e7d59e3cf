import type { FaultClass } from '@darkroom/contracts';

/** Known properties of an error to classify. */
export interface FaultFeatures {
  /** The provider's own code; empty or absent if it sent none. */
  code?: string | undefined;
  /** Status of the HTTP answer with the error; decides only if the code does not. */
  httpStatus?: number | undefined;
}

/**
 * Returns the class of a Runware error, by rules instead of a list: Runware publishes no registry of codes and passes on those of the
 * providers behind it (Runware docs, platform/errors; the codes are those of its error page and its official SDKs). Compared in lower
 * case: the documented `timeoutProvider` and the observed `failedProviderTimeout` are one family.
 *
 * The order matters: `providerRateLimitExceeded` is a rate limit and `providerContentPolicyViolation` a refusal of the content, although
 * both begin like errors of a provider; `invalidApiKey` is about the account, not the request.
 */
export function classifyFault({ code = '', httpStatus }: FaultFeatures): FaultClass {
  const name = code.toLowerCase();
  const rule = rules.find(({ matches }) => matches(name));
  return rule?.class ?? classOfStatus(httpStatus);
}

const contains =
  (...parts: string[]) =>
  (name: string) =>
    parts.some((part) => name.includes(part));
const startsWith =
  (...parts: string[]) =>
  (name: string) =>
    parts.some((part) => name.startsWith(part));
const isOneOf =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name);
const matchesPattern = (pattern: RegExp) => (name: string) => pattern.test(name);

const rules: readonly { class: FaultClass; matches: (name: string) => boolean }[] = [
  { class: 'conflict', matches: isOneOf('conflicttaskuuid') },
  // The request exceeds any allowance, so waiting does not help.
  { class: 'validation', matches: isOneOf('inferenceratelimitrequesttoolarge') },
  { class: 'rate-limit', matches: contains('ratelimit') },
  {
    class: 'safety',
    matches: contains('contentpolicy', 'sensitivecontent', 'unsafecontent', 'nsfwcontent', 'promptblocked', 'imageblocked', 'moderation'),
  },
  // Seen in tests of an SDK only; about our receiver, not about the task.
  { class: 'unknown', matches: isOneOf('webhooktimeout') },
  { class: 'timeout', matches: (name) => name.includes('timeout') && !startsWith('invalid', 'missing', 'unsupported')(name) },
  // Before quota and auth: `providerInsufficientCredits` and `providerAuthenticationFailed` concern Runware's own account at that provider.
  { class: 'provider', matches: startsWith('provider') },
  { class: 'quota', matches: contains('credits', 'quota', 'balance') },
  { class: 'auth', matches: contains('apikey') },
  { class: 'auth', matches: isOneOf('unauthorized', 'forbidden', 'permissiondenied', 'authenticationfailed') },
  { class: 'auth', matches: startsWith('token') },
  { class: 'auth', matches: matchesPattern(/^(account|organization|workspace).*(suspended|disabled)$/) },
  { class: 'not-found', matches: matchesPattern(/(notfound|expired)$/) },
  { class: 'not-found', matches: isOneOf('taskcancelled') },
  { class: 'validation', matches: startsWith('invalid', 'missing', 'unsupported', 'duplicate', 'value', 'array', 'max') },
  { class: 'validation', matches: isOneOf('unknownparameter', 'incompatibleparameters') },
  {
    class: 'provider',
    matches: isOneOf(
      'inferenceerror',
      'processingfailed',
      'taskfailed',
      'downloadfailed',
      'uploadfailed',
      'noavailableserver',
      'modelunavailable',
      'modeldisabled',
      'modelnotready',
      'mediastoragefilecouldnotbemoved',
    ),
  },
  {
    class: 'server',
    matches: isOneOf(
      'internalservererror',
      'serviceunavailable',
      'serverunavailable',
      'standarderror',
      'unknownerror',
      'undefinederror',
      'defaulterror',
      'unrecognizedresponse',
    ),
  },
];

/** Statuses of Runware's error page; in the HTTP standard 413 and 422 mark a request that is wrong in itself. */
function classOfStatus(status: number | undefined): FaultClass {
  switch (status) {
    case undefined:
      return 'unknown';
    case 400:
    case 413:
    case 422:
      return 'validation';
    case 401:
    case 403:
      return 'auth';
    case 402:
      return 'quota';
    case 404:
      return 'not-found';
    case 429:
      return 'rate-limit';
    case 504:
      return 'timeout';
    default:
      return status >= 500 ? 'server' : 'unknown';
  }
}
