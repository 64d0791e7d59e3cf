import { backlog } from './backlog.ts';
import { enqueue } from './enqueue.ts';
import { otherNode, workers } from './fleet.ts';
import { growth } from './growth.ts';
import { killed } from './killed.ts';
import { latency } from './latency.ts';
import { pipeline, pipelineAlways } from './pipeline.ts';
import { profile } from './profile.ts';
import { receiver } from './receiver.ts';
import type { Scenario } from './scenario.ts';

/** All scenarios, in the order of their weight. */
export const scenarios: readonly Scenario[] = [
  pipeline,
  latency,
  backlog,
  enqueue,
  killed,
  receiver,
  growth,
  workers,
  otherNode,
  pipelineAlways,
  profile,
];
