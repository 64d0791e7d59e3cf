import { listenSettings, logSettings, readSettings, redisSettings, type Environment } from '@darkroom/service-runtime';
import { accessSettings } from './access/settings.ts';

/** What is read from the environment, in groups. */
export const dashboardSchemas = { redis: redisSettings, access: accessSettings, log: logSettings, listen: listenSettings(3003) };

/** Reads the settings of a dashboard. @throws ConfigError with every problem at once, also when others could reach it without a password. */
export const loadDashboardConfig = (env: Environment) => readSettings(dashboardSchemas, env);
export type DashboardConfig = ReturnType<typeof loadDashboardConfig>;
