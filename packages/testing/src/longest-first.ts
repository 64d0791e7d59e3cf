import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longestFiles } from './longest-files.ts';

/**
 * Sorts tests of whole processes before all others, and the longest files of each kind first. A worker changes from one kind to the other
 * once: it then loads the libraries again. Vitest knows durations only from an earlier run.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const placeOf = ({ moduleId, project }: TestSpecification): number => {
      const place = longestFiles.findIndex((end) => moduleId.endsWith(end));
      return (place === -1 ? longestFiles.length : place) + (project.name === 'e2e' ? 0 : longestFiles.length + 1);
    };
    return sorted.toSorted((left, right) => placeOf(left) - placeOf(right));
  }
}
