import {
  isFinalGeneration,
  type GenerationSummary,
  type GenerationView,
  type ImageView,
  type SubmissionTimeline,
} from '@darkroom/contracts';
import { describeStanding } from '../orders/status-words.ts';
import { timeOf } from '../operate/time-words.ts';

/** Returns true if all images of a generation are there. */
export const isComplete = ({ status }: Pick<GenerationView, 'status'>): boolean => status === 'succeeded';

/** Describes a generation in full. @param timelines Those of its submissions, which tell what happened last to an open image. */
export function describeGeneration(view: GenerationView, timelines: readonly SubmissionTimeline[] = []): string[] {
  const {
    generationId,
    status,
    tenant,
    createdAt,
    requestErasedAt,
    finishedAt,
    costUsd,
    reservedUsd,
    images,
    retryOf,
    tags,
    metadata,
    queue,
  } = view;
  const held = reservedUsd === '0' ? '' : `, ${reservedUsd} USD on hold`;
  return [
    `${generationId}  ${isFinalGeneration(status) ? status : `${status}: ${describeStanding(view).words}`}`,
    `  tenant    ${tenant}`,
    `  queued    ${timeOf(createdAt)}${finishedAt === undefined ? '' : `, ended ${timeOf(finishedAt)}`}`,
    `  cost      ${costUsd} USD${held}`,
    ...(requestErasedAt === undefined ? [] : [`  request   erased ${timeOf(requestErasedAt)} by its age; the images are kept`]),
    ...(retryOf === undefined ? [] : [`  retry of  ${retryOf}`]),
    ...(tags === undefined || tags.length === 0 ? [] : [`  tags      ${tags.join(', ')}`]),
    ...Object.entries(metadata ?? {}).map(([name, text]) => `  metadata  ${name}=${text}`),
    ...(queue === undefined
      ? []
      : [`  line      place ${queue.position}${queue.estimatedStartAt === undefined ? '' : `, about ${timeOf(queue.estimatedStartAt)}`}`]),
    ...images.map(
      (image) => `  image ${image.index}   ${describeImage(image)}${image.status === 'open' ? describeLast(timelines, image.index) : ''}`,
    ),
  ];
}

function describeLast(timelines: readonly SubmissionTimeline[], index: number): string {
  const steps = timelines.findLast((each) => each.index === index)?.steps ?? [];
  const told = [steps.findLast(({ code }) => code !== undefined), steps.at(-1)];
  return [...new Set(told)]
    .filter((each) => each !== undefined)
    .map(({ at, step, code }) => `; ${step}${code === undefined ? '' : ` (${code})`} ${timeOf(at)}`)
    .join('');
}

function describeImage({ status, image, fault, withheld, costUsd }: ImageView): string {
  if (withheld === true) return `withheld until an operator releases it, ${costUsd} USD`;
  if (image !== undefined) return `${image.format} ${image.width}x${image.height}, ${image.sizeBytes} bytes, ${costUsd} USD`;
  return fault === undefined ? status : `${status}: ${fault.code}: ${fault.message}`;
}

/** Describes a generation of a list in one line. */
export const describeSummary = ({ generationId, status, createdAt, images, costUsd, codes, tenant }: GenerationSummary): string =>
  [
    generationId,
    status.padEnd(9),
    timeOf(createdAt),
    `${images.filter((image) => image === 'succeeded').length}/${images.length} images`,
    `${costUsd} USD`,
    tenant,
    ...codes,
  ].join('  ');
