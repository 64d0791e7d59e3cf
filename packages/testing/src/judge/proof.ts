import type { Evidence } from './evidence.ts';
import { countRoads } from './roads.ts';

/** Production takes the main road, so a run on which most images took another proves little (docs/proof.md). */
const MIN_MAIN_ROAD_SHARE = 0.7;
/** A run with more unproven images than this proves little. */
const MAX_UNPROVEN_SHARE = 0.005;

/**
 * Returns the reasons why a run is not a proof, whatever its figures are; empty for a proof.
 * @param unproven Number of unproven images, without those whose sends the run itself blocked.
 */
export function whyNoProof(evidence: Evidence, unproven: number): string[] {
  const { mainShare } = countRoads(evidence);
  const unprovenShare = unproven / Math.max(1, countImages(evidence));
  return [
    ...(mainShare < MIN_MAIN_ROAD_SHARE
      ? [`${percent(mainShare)} of the images came by upload, and a proof needs ${percent(MIN_MAIN_ROAD_SHARE)}`]
      : []),
    ...(unprovenShare >= MAX_UNPROVEN_SHARE
      ? [`${percent(unprovenShare)} of the images are unproven, and a proof may have less than ${percent(MAX_UNPROVEN_SHARE)}`]
      : []),
  ];
}

/** Counts the images of all generations that Redis knows at the end. */
export const countImages = ({ generations }: Pick<Evidence, 'generations'>): number =>
  Object.values(generations).reduce((sum, generation) => sum + (generation?.images.length ?? 0), 0);

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
