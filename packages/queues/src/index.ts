export { countBacklog, createJobCounts, type JobCounts, type QueueCounts } from './job-counts.ts';
export type { JobKeeper, JobPresence } from './job-keeper.ts';
export { buildJobPayload, jobIdOf, jobPayloadSchema, parseJobPayload, type JobPayload } from './job-payload.ts';
export { createMaintenance, type Maintenance } from './maintenance.ts';
export { queueNames } from './names.ts';
export {
  buildNotificationPayload,
  createNotifications,
  parseNotificationJob,
  type NotificationJob,
  type Notifications,
} from './notifications.ts';
export { buildQueueOptions, type QueueSettings } from './options.ts';
export { createSettlements, PARKED_PRIORITY, type Settlements } from './settlements.ts';
export { createSubmissions, type NumberedSubmission, type Submissions } from './submissions.ts';
export { buildWaits, type Waits } from './waits.ts';
