import { encodeTenant, type SubmissionRef } from '@darkroom/contracts';

/**
 * Every key of Darkroom's own in Redis. One prefix with a hash tag, so that all keys of one shard lie in one slot and a
 * script may touch them together (Redis Cluster specification, "Hash tags"). Scripts alone name these: `:spend:<period>`,
 * `:hold-moves` (counts the moves of holds), `:hold-sums`, `:spend-sums` and `:moved-periods` (lua/moved-periods.ts), `:unread`, `:read` and `:unread-money` (recovery/reading.ts), `:damaged` (lua/damaged.ts), `:owner`, `:server-run`, `:server-history`, `:memory`, `:accepted-at`, `:poll-line`, `:tasks-at-provider`, `:list:<of>:<list>` (lua/lists.ts), `:open-images` (lua/open-images.ts), `:retries:<generationId>` (lua/retries.ts), `:line`, `:line:<tenant>`, `:line-clocks` and `:line-pace` (lua/fair-line.ts), `:minute:<n>` (lua/minutes.ts), `:tenants:<period>` (lua/period-tenants.ts), `:cap-place:<period>`, `:cap-looks:<slot>`, `:deliveries:<generationId>:<index>-<n>` and `:idempotency:<tenant>:<digest>`,
 * whose tenant is encoded (`encodeTenant`).
 */
export const DEFAULT_PREFIX = '{darkroom}';

export const generationKey = (prefix: string, generationId: string): string => `${prefix}:generation:${generationId}`;

/** The key of the request of a generation (enqueue/kept-request.ts). */
export const requestKey = (prefix: string, generationId: string): string => `${generationKey(prefix, generationId)}:request`;

export const submissionKey = (prefix: string, { generationId, index, n }: SubmissionRef): string =>
  `${prefix}:submission:${generationId}:${index}-${n}`;

/** The pub/sub channel that announces each move of a generation. */
export const eventChannel = (prefix: string, generationId: string): string => `${prefix}:events:${generationId}`;

/** The stream of durable events (lua/events.ts); `:events-trimmed` names the last one that is gone, `:events-gaps` the groups that miss one, `:events-dead` holds those given up. */
export const eventLogKey = (prefix: string): string => `${prefix}:event-log`;
/** The groups that miss events which are gone, each with the place of the last one. */
export const eventsGapsKey = (prefix: string): string => `${prefix}:events-gaps`;

/** Rewritten again and again by each process that checks if Redis takes a write; holds nothing. */
export const aliveKey = (prefix: string): string => `${prefix}:alive`;
/** Number of the stored format (lua/stored-format.ts). */
export const formatKey = (prefix: string): string => `${prefix}:format`;
/** Hash of counts that never begin anew by themselves (lua/totals.ts). */
export const totalsKey = (prefix: string): string => `${prefix}:totals`;
/** List of the generations whose end no worker has logged yet, the first to end first (lua/totals.ts). */
export const endedKey = (prefix: string): string => `${prefix}:ended`;
export const ownerClaimKey = (prefix: string): string => `${prefix}:owner-claim`;
export const epochKey = (prefix: string): string => `${prefix}:epoch`;
/** Marks a rebuild that was begun. */
export const rebuildKey = (prefix: string): string => `${prefix}:rebuild`;
/** Hash: Redis time up to which the memory is whole (recovery/checkpoint.ts). */
export const checkpointKey = (prefix: string): string => `${prefix}:checkpoint`;
/** Hash of a rebuild that has opened the store and reads on (recovery/reading.ts). */
export const readingKey = (prefix: string): string => `${prefix}:reading`;
export const pauseKey = (prefix: string): string => `${prefix}:buying-paused`;
/** Held for a while by the one process of the fleet that does a task. */
export const turnKey = (prefix: string, name: string): string => `${prefix}:turn:${name}`;
/** Counts the moves of money, and names the sums that S3 holds. */
export const spendSumsKey = (prefix: string): string => `${prefix}:spend-sums`;
export const capsKey = (prefix: string): string => `${prefix}:caps`;
/** Set of the ids of all keys of the HTTP API; `:api-keys-unrecorded` lists the changes that S3 does not have. */
export const apiKeysKey = (prefix: string): string => `${prefix}:api-keys`;
export const apiKeyKey = (prefix: string, id: string): string => `${prefix}:api-key:${id}`;
export const limitsKey = (prefix: string): string => `${prefix}:limits`;
/** Hash of the rules of a tenant. */
export const tenantRulesKey = (prefix: string, tenant: string): string => `${prefix}:tenant-rules:${encodeTenant(tenant)}`;
/** Sorted set of the withheld images that wait for an operator, by the time of their end (settings/withheld.ts). */
export const withheldKey = (prefix: string): string => `${prefix}:withheld`;
/** Set of the encoded names of the tenants that have or had rules. */
export const tenantsWithRulesKey = (prefix: string): string => `${prefix}:tenants-with-rules`;
/** Set of the encoded names of the tenants of which a change that restricts stands in Redis alone. */
export const restrictedTenantsKey = (prefix: string): string => `${prefix}:tenants-restricted`;
/** Names the revision of the operator's pause under `pauseKey`, and the pause that S3 holds. */
export const recordedPausesKey = (prefix: string): string => `${prefix}:pauses`;
/** Words of a process whose settings differ from the store's; end by themselves. */
export const differingKey = (prefix: string): string => `${prefix}:settings-differ`;
/** Redis time of the last sign of life of a worker (lua/worker-life.ts). */
export const workerSeenKey = (prefix: string): string => `${prefix}:worker-seen`;
/** Stream of the last acts of operators on the dashboard (settings/acts.ts). */
export const actsKey = (prefix: string): string => `${prefix}:acts`;
/** Hash of an act on many generations (settings/bulk-acts.ts). */
export const bulkActKey = (prefix: string, id: string): string => `${prefix}:bulk-act:${id}`;
/** Sorted set of the last of these acts, by their time. */
export const bulkActsKey = (prefix: string): string => `${prefix}:bulk-acts`;
/** Sorted set of those that a dashboard works on or must go on with. */
export const bulkActsUnderWayKey = (prefix: string): string => `${prefix}:bulk-acts-under-way`;
/** Hash of the workers that buy nothing, by their name. */
export const heldWorkersKey = (prefix: string): string => `${prefix}:held-workers`;
/** Marks a provider that ran a dry run as a purchase. */
export const dryRunChargedKey = (prefix: string): string => `${prefix}:dry-run-charged`;
/** Hash of the generations that the provider refused in a row with one code. */
export const refusalsKey = (prefix: string): string => `${prefix}:refusals`;
export const providerTroubleKey = (prefix: string): string => `${prefix}:provider-trouble`;
/** Sorted set of the submissions with an unknown outcome, by the time of that verdict. */
export const unknownKey = (prefix: string): string => `${prefix}:unknown`;
/** Sorted set of the generations that still have a live submission, by creation time. */
export const openKey = (prefix: string): string => `${prefix}:open`;

/** Sorted set of the generations that the eraser sweeps (lua/erasures.ts); `:erasure:<id>` tells of each. */
export const erasuresKey = (prefix: string): string => `${prefix}:erasures`;
/** Sorted set of the bulk erasures under way, by the time of their last turn. */
export const bulkErasuresKey = (prefix: string): string => `${prefix}:bulk-erasures`;
/** Hash: how far erasure by age has looked (erasing/by-age.ts). */
export const agedKey = (prefix: string): string => `${prefix}:aged`;
/** Sorted set of the uploads that the eraser deletes, because their images are kept; by the time at which a worker named them. */
export const leftUploadsKey = (prefix: string): string => `${prefix}:uploads-left`;

/** Deliveries that named no submission known to Redis. */
export const unclaimedKey = (prefix: string): string => `${prefix}:deliveries-unclaimed`;
/** Sorted set of the generations that were bought long after their ids were minted, by the time of purchase. */
export const boughtKey = (prefix: string): string => `${prefix}:bought`;
/** Progress of the pass under way; ends by itself. */
export const passProgressKey = (prefix: string): string => `${prefix}:pass-progress`;
/** Sorted set of the findings that passes have named, by the time of the last pass that named them. */
export const namedKey = (prefix: string): string => `${prefix}:reconcile-named`;
/** Result of the reconciler's last pass. */
export const lastPassKey = (prefix: string): string => `${prefix}:last-pass`;

/** Hash of a webhook endpoint (notifications/webhook-endpoints.ts); `:webhook-endpoints` names all, and `:webhook-endpoints-unrecorded` holds changes. */
export const webhookEndpointKey = (prefix: string, id: string): string => `${prefix}:webhook-endpoint:${id}`;
/** Set of the endpoints of a tenant. */
export const webhookEndpointsKey = (prefix: string, tenant: string): string => `${prefix}:webhook-endpoints:${encodeTenant(tenant)}`;
/** Hash of the failures of an endpoint since its last success. */
export const endpointHealthKey = (prefix: string, id: string): string => `${prefix}:endpoint-health:${id}`;
/** Hash of a notification and its attempts (notifications/notification-log.ts). */
export const notificationKey = (prefix: string, id: string): string => `${prefix}:notification:${id}`;
/** Sorted set of the failed notifications of an endpoint, or of the requests of a tenant, by the time of failure. */
export const failedNotificationsKey = (prefix: string, of: string): string => `${prefix}:notifications-failed:${of}`;
/** Sorted set of the notifications of a tenant, by the time of their first attempt. */
export const notificationListKey = (prefix: string, member: string): string => `${prefix}:notification-list:${member}`;
/** List of the wishes to send notifications again. */
export const resendsKey = (prefix: string): string => `${prefix}:notification-resends`;

/** Names the submission in a list of arguments (`nameArguments` of lua/named.ts). */
export const nameRef = ({ generationId, index, n }: SubmissionRef) => ({ id: generationId, index, n });
