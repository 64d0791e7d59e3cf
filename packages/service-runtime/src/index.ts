export { atMost } from './at-most.ts';
export { createBackgroundProcess, LAST_LOOPS_MS, type BackgroundService } from './background-process.ts';
export { closeServer } from './close-server.ts';
export { createHttpServer, endConnection, type HttpServerOptions } from './http-server.ts';
export { createHealthRoutes, type HealthOptions, type ReadinessCheck } from './health.ts';
export { describeErrorChain, explainShortly } from './logging/describe-error.ts';
export {
  createLogger,
  silentLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogStream,
  type ProcessLogger,
} from './logging/logger.ts';
export { redactText, type RedactOptions } from './logging/redact-text.ts';
export { makeFolders } from './make-folders.ts';
export { addConnectionGauge } from './metrics/connection-gauge.ts';
export { labelSets } from './metrics/label-sets.ts';
export { createRisingTotals, type RisingTotals } from './metrics/rising-totals.ts';
export { createRedisClock, watchClock, type ClockWatch, type RedisClock } from './redis-clock.ts';
export { createMetrics } from './metrics/create-metrics.ts';
export {
  safeLabel,
  type Counter,
  type Histogram,
  type LabelValues,
  type MetricDefinition,
  type Metrics,
  type ReadSamples,
  type Sample,
} from './metrics/metrics.ts';
export { createMetricsRoutes } from './metrics/routes.ts';
export { createPulse, type Pulse, type PulseOptions } from './pulse.ts';
export { runUntilSignal, type RunOptions } from './run-until-signal.ts';
export type { Service } from './service.ts';
export { describeSettings, type VariableDescription } from './settings/describe-settings.ts';
export {
  darkroomSettings,
  listenSettings,
  logSettings,
  reconcileSettings,
  redisSettings,
  runwareSettings,
  type ListenSettings,
  type LogSettings,
  type RedisSettings,
  type RunwareSettings,
} from './settings/groups.ts';
export { isLoopbackUrl } from './settings/loopback.ts';
export type { Environment } from './settings/environment.ts';
export { loadConfig, readSettings } from './settings/read-settings.ts';
export { optionalS3Settings, s3Requests, s3RequestsSettings, s3Settings, type S3Settings } from './settings/s3.ts';
export { spendSettings, type SpendSettings } from './settings/spend.ts';
export { timingSettings } from './settings/timing.ts';
export { tracingSettings } from './settings/tracing.ts';
export { describeUnread, knownSettings, type UnreadSetting } from './settings/unknown-settings.ts';
export { flag, oneOf, text, webAddress, wholeNumber } from './settings/variables.ts';
export {
  capabilityKeySettings,
  notificationKeySettings,
  optionalNotificationKeySettings,
  webhookSettings,
  type WebhookSettings,
} from './settings/webhook.ts';
export { readVersion } from './version.ts';
export type { ImageSpan } from './tracing/image-span.ts';
export { createTracing, type Tracing } from './tracing/tracing.ts';
export { createOutageLines, type OutageLines } from './watch/outage-lines.ts';
export {
  watchDependency,
  type DependencyWatch,
  type WatchDependencyDependencies,
  type WatchDependencyOptions,
} from './watch/watch-dependency.ts';
export { retryUntilDone, type RetryOptions } from './watch/retry-until-done.ts';
export { orAborted } from './watch/or-aborted.ts';
