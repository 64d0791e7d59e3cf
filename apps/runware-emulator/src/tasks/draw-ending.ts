import type { Dice } from '../dice.ts';
import type { Outcome } from '../state/entry.ts';
import { purposeOf, type Task } from '../state/task.ts';

type Failure = Extract<Outcome, { status: 'error' }>;

const failures = [
  ['failTimeoutProviderRate', { status: 'error', code: 'timeoutProvider', message: 'The provider did not respond in time.' }],
  ['failProviderErrorRate', { status: 'error', code: 'providerError', message: 'The provider returned an error.' }],
  [
    'failContentPolicyRate',
    { status: 'error', code: 'contentPolicyViolation', message: 'The content was refused by the policy of the provider.' },
  ],
] as const satisfies readonly (readonly [string, Failure])[];

/** Draws the failure of a task; undefined if it succeeds. */
export function drawFailure(dice: Dice, task: Task): Failure | undefined {
  const shares = failures.map(([rate, failure]) => [rate, task.faults[rate], failure] as const);
  return dice.oneOf<Failure>(shares, ...purposeOf('failure', task, 0));
}

/** Draws the id and the seed of an image. The examples of the model's page have seeds of up to 31 bits. */
export const drawImage = (dice: Dice, task: Task, index: number): { imageUUID: string; seed: number } => ({
  imageUUID: dice.uuid(...purposeOf('image-uuid', task, index)),
  seed: dice.between([1, 2 ** 31 - 1], ...purposeOf('seed', task, index)),
});

/** Returns the verdict of the content check, which looks for the word "nsfw". */
export const isNsfw = ({ request }: Task): boolean => /\bnsfw\b/i.test(request.positivePrompt);
