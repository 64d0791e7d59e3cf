import { InvalidRequestError, type Problem } from '@darkroom/contracts';

/** The options of the command line, by their names in the library and in HTTP. */
const options: Readonly<Record<string, string>> = {
  tags: '--tag',
  tag: '--tag',
  metadata: '--metadata',
  priority: '--priority',
  runAt: '--run-at',
  deadlineAt: '--deadline',
  idempotencyKey: '--idempotency-key',
  'Idempotency-Key': '--idempotency-key',
  tenant: '--tenant',
  limit: '--limit',
  cursor: '--cursor',
  code: '--code',
  reason: '--reason',
};

/** Rules that the library and HTTP tell in words of their own: for a Date and for a text, for `nextCursor` and for `next`. */
const ownRules: Readonly<Record<string, string>> = {
  '--run-at': 'must lie in the next 30 days, and before --deadline',
  '--deadline': 'must lie in the future',
  '--cursor': 'must be the one that a page with the same filters printed',
};

/** Writes the problems of a request in the words of the command line, the same for those of the library and of HTTP. */
export const inWordsOfOptions = (error: InvalidRequestError): InvalidRequestError =>
  new InvalidRequestError(error.problems.map(inWords), {
    cause: error,
    details: error.details,
    enqueues: error.message.startsWith('the request'),
  });

function inWords(problem: Problem): Problem {
  const { path, message } = problem;
  const [, name = '', rest = ''] = /^(?:options\.)?([\w-]+)(.*)$/s.exec(path) ?? [];
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) return path === 'body' ? { ...problem, path: '' } : problem;
  const rule = ownRules[option];
  return rule === undefined ? { ...problem, path: `${option}${rest}`, message } : { path: option, message: rule };
}
