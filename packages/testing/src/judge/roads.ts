import type { FactSource } from '@darkroom/contracts';
import type { Evidence } from './evidence.ts';

/** Roads of images by the records in S3: with the result, or by an amendment. */
export const roadNames = ['upload', 'image-url', 'late amendment', 'lost'] as const;
export type RoadName = (typeof roadNames)[number];

export interface Roads {
  counts: Readonly<Record<RoadName, number>>;
  /** Share of the main road, the upload, of all images; 0 without images. */
  mainShare: number;
}

/** Counts the roads of all submissions that made an image. */
export function countRoads({ results, amended }: Pick<Evidence, 'results' | 'amended'>): Roads {
  const counts: Record<RoadName, number> = { upload: 0, 'image-url': 0, 'late amendment': 0, lost: 0 };
  for (const [taskUUID, { status, road }] of results) {
    if (status === 'succeeded') counts[amended.has(taskUUID) ? 'late amendment' : (road ?? 'upload')] += 1;
    else if (status === 'lost') counts.lost += 1;
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { counts, mainShare: all === 0 ? 0 : counts.upload / all };
}

/** Counts the images by the source of their facts: a delivery, the provider's answer, or none. */
export function countFactSources({ results }: Pick<Evidence, 'results'>): Record<FactSource | 'none', number> {
  const counts = { delivery: 0, provider: 0, none: 0 };
  for (const { status, factsFrom = 'none' } of results.values()) if (status === 'succeeded' || status === 'lost') counts[factsFrom] += 1;
  return counts;
}
