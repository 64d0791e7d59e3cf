import { listenSettings, logSettings, readSettings, redisSettings, type Environment } from '@darkroom/service-runtime';
import { accessSettings } from './access/settings.ts';
import { pathSettings } from './base-path.ts';

/**
 * How long a stop waits for what is under way, in milliseconds. Orchestrators must wait longer (docker-compose.yml,
 * infra/kubernetes/base/dashboard.yaml).
 */
export const DRAIN_MS = 5000;

/** What is read from the environment, in groups. */
export const dashboardSchemas = {
  redis: redisSettings,
  access: accessSettings,
  path: pathSettings,
  log: logSettings,
  listen: listenSettings(3003),
};

/** Reads the settings of a dashboard. @throws ConfigError with every problem at once, also when others could reach it without a password. */
export const loadDashboardConfig = (env: Environment) => readSettings(dashboardSchemas, env);
export type DashboardConfig = ReturnType<typeof loadDashboardConfig>;
