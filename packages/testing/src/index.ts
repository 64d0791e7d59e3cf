export { freePort } from '@darkroom/local-stack';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { countExecutions, readBilledTasks, type BilledTask } from './fleet/bill.ts';
export { startFleet, type Fleet, type FleetOptions } from './fleet/fleet.ts';
export { createManagedProcess, type ManagedProcess, type ManagedProcessOptions } from './fleet/managed-process.ts';
export { findMarkedProcesses, type RunProcess } from './run-processes.ts';
export { reserveRedis, type OwnRedis } from './own-redis.ts';
export { startTestS3, type TestS3, type TestS3Options } from './test-s3.ts';
export { uniquePrefix } from './unique-prefix.ts';
