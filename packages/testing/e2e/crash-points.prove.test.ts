import { testScenarios } from './crash-points/test-scenarios.ts';

// Every point of every scenario. `npm run verify` strikes a slice of them: crash-points.slow.test.ts.
testScenarios({});
