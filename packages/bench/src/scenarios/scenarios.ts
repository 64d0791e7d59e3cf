import { backlog } from './backlog.ts';
import { enqueue } from './enqueue.ts';
import { otherNode, workers } from './fleet.ts';
import { graphile } from './graphile.ts';
import { growth } from './growth.ts';
import { hour } from './hour.ts';
import { killed } from './killed.ts';
import { latency } from './latency.ts';
import { npmStart } from './npm-start.ts';
import { pipeline, pipelineAlways } from './pipeline.ts';
import { profile } from './profile.ts';
import { receiver } from './receiver.ts';
import type { Scenario } from './scenario.ts';
import { rebuild, size } from './size.ts';

/** All scenarios. The first six share a Darkroom in a quick run: each leaves a store that the next ones can use. */
export const scenarios: readonly Scenario[] = [
  pipeline,
  latency,
  killed,
  backlog,
  receiver,
  enqueue,
  growth,
  size,
  rebuild,
  workers,
  otherNode,
  pipelineAlways,
  graphile,
  npmStart,
  profile,
  hour,
];
