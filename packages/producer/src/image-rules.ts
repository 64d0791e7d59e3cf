import { checksContent, isTenant, QueueUnavailableError, type Problem, type ProblemList } from '@darkroom/contracts';
import { imageRuleNames, uncheckedProblem, type GenerationStore } from '@darkroom/generation-store';
import type { Availability } from './availability.ts';

/** Returns the problems of a request that withholds images and asks for no content check: each image would be bought and withheld. */
export const withholdProblems = (input: unknown, withholdFlagged: unknown): Problem[] =>
  withholdFlagged === true && !checksContent(input)
    ? [{ path: 'safety.checkContent', message: 'must be true: `options.withholdFlagged` withholds what the content check does not clear' }]
    : [];

/** Knows the rules of tenants about their images. */
export interface RuleBook {
  /**
   * Appends a problem for each request that asks for no content check, if a rule of the tenant wants one.
   * @param inputs The requests as they were given.
   * @param options The options of the call, right or wrong.
   * @param problemsOf Returns the problems of a request by its index.
   * @throws QueueUnavailableError if Redis does not answer.
   */
  check(inputs: readonly unknown[], options: unknown, problemsOf: (index: number) => ProblemList): Promise<void>;
  /** Appends the same to other problems; a Redis that does not answer adds none. */
  add: RuleBook['check'];
}

/** The script of an enqueue decides about a request that is right; these rules are asked for to tell all problems at once. */
export function createRuleBook(
  ask: Availability['ask'],
  store: Pick<GenerationStore, 'readImageRules'>,
  { tenant: own, boundTo }: { tenant: string; boundTo?: string },
): RuleBook {
  const check: RuleBook['check'] = async (inputs, options, problemsOf) => {
    const isUnchecked = (input: unknown): boolean => !readOr(true, () => checksContent(input));
    if (!inputs.some(isUnchecked)) return;
    // the rules of another tenant do not exist
    const given = readOr(undefined, () => (Object(options) as { tenant?: unknown }).tenant);
    const tenant = boundTo ?? (isTenant(given) ? given : own);
    const rules = await ask('read the rules of a tenant', undefined, () => store.readImageRules(tenant));
    const rule = imageRuleNames.find((name) => rules[name]);
    if (rule === undefined) return;
    for (const [index, input] of inputs.entries()) if (isUnchecked(input)) problemsOf(index).push(uncheckedProblem(rule, tenant));
  };
  return {
    check,
    add: (...call) =>
      check(...call).catch((error: unknown) => {
        if (!(error instanceof QueueUnavailableError)) throw error;
      }),
  };
}

/** Reads what a caller gave, which may throw when it is read; that is a problem of its own. */
function readOr<Value>(fallback: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    return fallback;
  }
}
