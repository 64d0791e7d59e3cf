import { join } from 'node:path';
import { addressApp, appEnvironments, freePort } from '@darkroom/local-stack';
import { builtAppsFolder } from '../built-apps/built-apps.ts';
import type { Fleet } from './fleet.ts';
import { createManagedProcess, type ManagedProcess } from './managed-process.ts';

/** Starts a dashboard beside a fleet; the caller kills it. @param env Settings that win over those of the fleet. */
export async function startDashboard(
  { directory, redisUrl, prefix }: Pick<Fleet, 'directory' | 'redisUrl' | 'prefix'>,
  env: Readonly<Record<string, string>> = {},
): Promise<{ url: string; dashboard: ManagedProcess }> {
  const { script, url, readyUrl, environment } = addressApp('dashboard', builtAppsFolder(), await freePort());
  const dashboard = createManagedProcess({
    name: 'dashboard',
    script,
    env: { ...appEnvironments.dashboard({ redisUrl, prefix }), ...environment, ...env },
    logFile: join(directory, 'dashboard.log'),
    readyUrl,
  });
  await dashboard.start();
  return { url, dashboard };
}
