import { appEnvironments, describeApp, type AppProcess } from '@darkroom/local-stack';
import type { Fleet } from './fleet.ts';
import { testPlace } from './test-place.ts';

/** Starts a dashboard beside a fleet; the caller kills it. @param env Settings that win over those of the fleet. */
export async function startDashboard(
  { directory, redisUrl, prefix, s3Config }: Pick<Fleet, 'directory' | 'redisUrl' | 'prefix' | 's3Config'>,
  env: Readonly<Record<string, string>> = {},
): Promise<AppProcess> {
  const usual = appEnvironments.dashboard({ redisUrl, prefix, s3: s3Config });
  const dashboard = await describeApp(testPlace(directory), { app: 'dashboard', env: { ...usual, ...env } });
  await dashboard.start();
  return dashboard;
}
