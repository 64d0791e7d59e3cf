import { defined, type SubmissionTimeline, type TimelineStep } from '@darkroom/contracts';
import type { Entry } from './memory-entry.ts';

/** Builds the timelines of a generation: each image has one purchase, which is sent and answered at one moment. */
export const timelinesOf = ({ createdAt, finishedAt, images }: Entry): SubmissionTimeline[] =>
  images.map(({ index, submissionStatus, fault, settledAt }) => {
    const at = settledAt ?? finishedAt ?? createdAt;
    const isUnsent = submissionStatus === 'planned' || (submissionStatus === 'failed' && settledAt === undefined);
    const sent: TimelineStep[] = [
      { step: 'committed', at, number: 1 },
      { step: 'accepted', at, number: 1 },
    ];
    const steps: TimelineStep[] = [{ step: 'enqueued', at: createdAt }, ...(isUnsent ? [] : sent)];
    if (isUnsent && submissionStatus === 'failed') steps.push({ step: 'cancelled', at });
    else if (submissionStatus !== 'planned' && submissionStatus !== 'committed' && submissionStatus !== 'accepted')
      steps.push({ step: submissionStatus, at, ...defined({ code: fault?.code }) });
    return { index, n: 1, steps, omitted: 0 };
  });
