import { join } from 'node:path';
import { freePort } from '@darkroom/local-stack';
import { builtApp } from '../built-apps/built-apps.ts';
import type { Fleet } from './fleet.ts';
import { createManagedProcess, type ManagedProcess } from './managed-process.ts';

/** Starts a dashboard beside a fleet; the caller kills it. @param env Settings that win over those of the fleet. */
export async function startDashboard(
  { directory, redisUrl, prefix }: Pick<Fleet, 'directory' | 'redisUrl' | 'prefix'>,
  env: Readonly<Record<string, string>> = {},
): Promise<{ url: string; dashboard: ManagedProcess }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const dashboard = createManagedProcess({
    name: 'dashboard',
    script: builtApp('dashboard'),
    env: { REDIS_URL: redisUrl, DARKROOM_PREFIX: prefix, PORT: String(port), ...env },
    logFile: join(directory, 'dashboard.log'),
    readyUrl: `${url}/readyz`,
  });
  await dashboard.start();
  return { url, dashboard };
}
