import type { ErrorCode } from '@darkroom/contracts';

/** Cures for the faults that an image can have, by code; docs/errors.md explains each code. */
const cures: Partial<Record<ErrorCode, string>> = {
  'provider.content-refused':
    'The caller changes the prompt or the reference images. Nothing was charged; a retry asks for the same and is refused again.',
  'provider.refused': 'The provider refused this request for good. The caller changes it; nothing was charged.',
  'provider.task-failed': 'The provider failed it. A retry buys it again.',
  'provider.unavailable': 'Retry when the provider answers again; the overview tells whether it is in trouble.',
  'provider.throttled': 'Retry later, or lower the tasks that the fleet may have at the provider: darkroom limits --tasks.',
  'provider.account': 'An operator looks at key, permission and balance of the account, then: darkroom resume --kind account.',
  'provider.blocked':
    'Something between worker and provider refuses this request (a proxy, a firewall). Its money stays on hold: darkroom unknown.',
  'provider.id-burnt': 'Nothing: the image is bought under the next id.',
  'image.lost': 'It was paid for, and neither the upload nor its address gave valid bytes. A retry pays again, and needs a reason.',
  'image.withheld': 'An operator looks at it and releases it: darkroom release <generationId> <index> --reason <text>.',
  'submission.unknown-outcome':
    'The provider never said what became of it. Its money stays on hold until an operator decides: darkroom unknown. A retry may pay twice.',
  'submission.written-off': 'An operator has ended the hold on its money. A retry may pay twice.',
  'submission.request-gone': 'The request was erased or lost before it was bought. The caller orders anew.',
  'submission.superseded': 'Nothing: an earlier purchase of the image brought it home.',
  'generation.cancelled': 'Nothing: it was cancelled. A retry buys what was not bought.',
  'generation.expired': 'Its deadline passed before it was bought. A retry buys it, without a deadline.',
  'retry.image-arrived': 'Nothing: an earlier attempt brought the image home.',
  'spend.cap-reached': 'It waits for money: a cap is reached. The period ends by itself, or an operator raises the cap: darkroom caps.',
};

/** Returns what to do about a fault; undefined where the code says all. */
export const cureOf = (code: string): string | undefined => Object.entries(cures).find(([known]) => known === code)?.[1];
