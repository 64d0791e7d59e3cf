import type { ProviderFault, SubmissionRef } from '@darkroom/contracts';
import { askProvider } from './ask-provider.ts';
import type { Purchase } from './purchase.ts';

/** The provider's answer about a task that is about to be sent again. */
export type Known =
  /** The provider has the task. A second send would be refused at best and bought again at worst. */
  | { kind: 'known' }
  | { kind: 'not-known'; /** True if the provider's last response to the id is a refusal. */ showsRefusal: boolean }
  /** The provider has refused a second use of the id already. */
  | { kind: 'conflict' }
  /** The question failed, so the task may be known or not. */
  | { kind: 'unclear'; fault: ProviderFault }
  | { kind: 'wait'; delayMs: number };

/**
 * Asks the provider if it has a task that may have been sent before. A refused send counts too: a gateway may have passed on a request that
 * it then refused. The provider refuses a used id while its task runs; for how long after that is not documented. So each repeated send
 * asks first, at the rate of polls.
 */
export async function askWhetherKnown(purchase: Purchase, ref: SubmissionRef, signal?: AbortSignal): Promise<Known> {
  // Any send's failure proves that the task existed, also one that only the audit trail shows.
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
