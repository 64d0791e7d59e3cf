import { listenSettings, logSettings, readSettings, redisSettings, type Environment } from '@darkroom/service-runtime';
import { accessSettings } from './access/settings.ts';
import { pathSettings } from './base-path.ts';

/**
 * Longest wait of a stop for the requests under way, in milliseconds. Orchestrators must wait longer (docker-compose.yml,
 * infra/kubernetes/base/dashboard.yaml).
 */
export const DRAIN_MS = 5000;

/** Settings from the environment, in groups. */
export const dashboardSchemas = {
  redis: redisSettings,
  access: accessSettings,
  path: pathSettings,
  log: logSettings,
  listen: listenSettings(3003),
};

/** Reads the settings of a dashboard. @throws ConfigError with all problems, one of which is a HOST off loopback without a password. */
export const loadDashboardConfig = (env: Environment) => readSettings(dashboardSchemas, env);
export type DashboardConfig = ReturnType<typeof loadDashboardConfig>;
