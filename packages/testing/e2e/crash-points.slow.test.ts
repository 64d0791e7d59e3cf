import { repositoryRoot } from '../src/built-apps/built-apps.ts';
import { chooseSlice, findTree, SLICES, SLICE_VARIABLE } from '../src/crash-points/slice.ts';
import { testScenarios } from './crash-points/test-scenarios.ts';

// A slice of each scenario's points. `npm run prove -- crash-points` strikes all of them.
const { slice, why } = chooseSlice(process.env[SLICE_VARIABLE], findTree(repositoryRoot));
console.info(
  `crash points: slice ${slice} of ${SLICES}, chosen ${why}; again: ${SLICE_VARIABLE}=${slice} npm run test:slow -- crash-points`,
);
testScenarios({ slice });
