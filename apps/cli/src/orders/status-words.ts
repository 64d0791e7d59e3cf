import type { GenerationView, ImageView, SubmissionStatus } from '@darkroom/contracts';
import type { Style } from '../terminal.ts';

/** Status of a generation in words that need no glossary. */
export interface Standing {
  words: string;
  style: Style;
}

const open: Readonly<Record<SubmissionStatus, string>> = {
  planned: 'queued',
  committed: 'being bought',
  accepted: 'bought, at the provider',
  // An image is still open although its newest submission ended: the next one is about to be planned.
  succeeded: 'arriving',
  failed: 'failed, being bought again',
  lost: 'lost',
  unknown: 'outcome unknown',
};

/** Describes the least advanced image of a generation. */
export function describeStanding({ status, images }: GenerationView): Standing {
  const waiting = images.find((image) => image.status === 'open');
  if (status === 'queued' || status === 'running')
    return { words: waiting === undefined ? 'queued' : open[waiting.submissionStatus], style: 'yellow' };
  if (status === 'succeeded') return { words: 'verified', style: 'green' };
  return { words: [status, ...images.flatMap(reasonOf)].join(': '), style: 'red' };
}

const reasonOf = ({ status, fault }: ImageView): string[] =>
  status === 'succeeded' ? [] : [fault === undefined ? status : `${fault.code} ${fault.message}`.trim()];
