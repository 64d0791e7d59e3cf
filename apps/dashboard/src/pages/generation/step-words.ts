import type { TimelineStep } from '@darkroom/contracts';

const words: Readonly<Record<TimelineStep['step'], string>> = {
  enqueued: 'enqueued',
  planned: 'put back into the queue',
  committed: 'committed: its money is held, and the send may begin',
  accepted: 'accepted by the provider',
  refused: 'refused by the provider',
  throttled: 'the provider asked for fewer requests',
  unanswered: 'no answer says if the provider accepted it',
  conflict: 'the provider knows this task already',
  'not-sent': 'not sent',
  delivered: 'a delivery came',
  made: 'the provider says that it is made',
  missing: 'the provider does not find it',
  verified: 'the image was verified and kept',
  succeeded: 'recorded as succeeded',
  failed: 'recorded as failed',
  lost: 'recorded as lost: paid, and not here',
  unknown: 'recorded as unknown: its money stays on hold',
  cancelled: 'cancelled before it was bought',
  expired: 'its deadline passed before it was bought',
  restored: 'brought back from S3',
};

/** Describes a step of a timeline. */
export const wordsOfStep = ({ step, number, code }: TimelineStep): string =>
  [words[step], number === undefined ? '' : `(number ${number})`, code === undefined ? '' : `– ${code}`].filter(Boolean).join(' ');
