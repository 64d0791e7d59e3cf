import {
  flag,
  listenSettings,
  logSettings,
  optionalS3Settings,
  readSettings,
  redisSettings,
  type Environment,
} from '@darkroom/service-runtime';
import { z } from 'zod';
import { accessSettings } from './access/settings.ts';
import { pathSettings } from './base-path.ts';

/**
 * Longest wait of a stop for the requests under way, in milliseconds. Orchestrators must wait longer (docker-compose.yml,
 * infra/kubernetes/base/dashboard.yaml).
 */
export const DRAIN_MS = 5000;

const pageSettings = z.object({ DASHBOARD_PROMPTS: flag().default(false) }).transform((env) => ({ showPrompts: env.DASHBOARD_PROMPTS }));

/** Settings from the environment, in groups. */
export const dashboardSchemas = {
  redis: redisSettings,
  access: accessSettings,
  path: pathSettings,
  pages: pageSettings,
  /** The bucket, from which it reads images alone; without one it shows no pictures. */
  pictures: optionalS3Settings,
  log: logSettings,
  listen: listenSettings(3003),
};

/** Reads the settings of a dashboard. @throws ConfigError with all problems, one of which is a HOST off loopback without a password. */
export const loadDashboardConfig = (env: Environment) => readSettings(dashboardSchemas, env);
export type DashboardConfig = ReturnType<typeof loadDashboardConfig>;
