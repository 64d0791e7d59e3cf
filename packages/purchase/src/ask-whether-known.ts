import type { ProviderFault, SubmissionRef } from '@darkroom/contracts';
import { askProvider } from './ask-provider.ts';
import type { Purchase } from './purchase.ts';

/** What the provider says of a task that is about to be sent again. */
export type Known =
  /** It has it: sent again, the task would be refused at best and bought again at worst. */
  | { kind: 'known' }
  | { kind: 'not-known'; /** Whether the last thing that it said to the id is a refusal. */ showsRefusal: boolean }
  /** It has refused a second use of the id already. */
  | { kind: 'conflict' }
  /** Nobody knows: there was trouble with the question. */
  | { kind: 'unclear'; fault: ProviderFault }
  | { kind: 'wait'; delayMs: number };

/**
 * Asks the provider whether it has a task that may have been sent before, also where that send was refused: something between here and
 * the provider may have refused what it had passed on. That the provider refuses an id for a second time is observed while the task
 * runs; for how long after that, nobody says. So it is asked before each repeated send, at the rate of polls.
 */
export async function askWhetherKnown(purchase: Purchase, ref: SubmissionRef, signal?: AbortSignal): Promise<Known> {
  // A failure that the trail alone knows, of whichever send, says that there was a task.
  const asked = await askProvider(purchase, ref, { sends: 1 }, { leg: 'submit', questions: 2 }, signal);
  if (asked.kind === 'wait') return asked;
  if (asked.kind !== 'inconclusive') return { kind: 'known' };
  switch (asked.shows) {
    case undefined:
      return { kind: 'unclear', fault: asked.fault ?? unreadable };
    case 'task':
      return { kind: 'known' };
    case 'conflict':
      return { kind: 'conflict' };
    case 'refusal':
    case 'other':
    case 'nothing':
      return { kind: 'not-known', showsRefusal: asked.shows === 'refusal' };
    default:
      return asked.shows satisfies never;
  }
}

const unreadable: ProviderFault = {
  class: 'unknown',
  code: 'UNREADABLE_ANSWER',
  message: 'the provider did not say whether it has the task',
};
