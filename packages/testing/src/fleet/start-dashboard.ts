import { appEnvironments, describeApp, type AppProcess } from '@darkroom/local-stack';
import type { Fleet } from './fleet.ts';
import { testPlace } from './test-place.ts';

/** Starts a dashboard beside a fleet; the caller kills it. @param env Settings that win over those of the fleet. */
export async function startDashboard(
  { directory, redisUrl, prefix }: Pick<Fleet, 'directory' | 'redisUrl' | 'prefix'>,
  env: Readonly<Record<string, string>> = {},
): Promise<AppProcess> {
  const usual = appEnvironments.dashboard({ redisUrl, prefix });
  const dashboard = await describeApp(testPlace(directory), { app: 'dashboard', env: { ...usual, ...env } });
  await dashboard.start();
  return dashboard;
}
