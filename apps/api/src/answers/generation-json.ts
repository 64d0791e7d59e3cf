import type { GenerationSummary, GenerationView, ImageView } from '@darkroom/contracts';
import type { BulkErasure, DarkroomEvent, Erasure } from '@darkroom/producer';
import { withTimes } from './with-times.ts';

/** Path of a generation. */
export const pathOf = (generationId: string): string => `/v1/generations/${generationId}`;

/** Writes a generation as HTTP shows it. */
export const generationJson = (view: GenerationView) => ({
  ...withTimes(view),
  images: view.images.map((image) => imageJson(view.generationId, image)),
  urls: { self: pathOf(view.generationId), events: `${pathOf(view.generationId)}/events` },
});

const imageJson = (generationId: string, image: ImageView) => ({
  ...withTimes(image),
  ...(image.image !== undefined && { url: `${pathOf(generationId)}/images/${image.index}` }),
});

/** Writes a generation of a list. */
export const summaryJson = (summary: GenerationSummary) => ({ ...withTimes(summary), urls: { self: pathOf(summary.generationId) } });

/** Path of the state of an erasure. */
export const erasurePath = (erasure: Erasure | BulkErasure): string =>
  `/v1/erasures/${encodeURIComponent('erasureId' in erasure ? erasure.erasureId : erasure.generationId)}`;

/** Writes the state of a request to erase. */
export const erasureJson = (erasure: Erasure | BulkErasure) => ({ ...withTimes(erasure), urls: { self: erasurePath(erasure) } });

/** Writes an event. How often a reader was told is of consumer groups alone. */
export const eventJson = ({ deliveries: _deliveries, ...event }: DarkroomEvent) => withTimes(event);
