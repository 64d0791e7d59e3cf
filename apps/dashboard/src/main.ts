import { runUntilSignal } from '@darkroom/service-runtime';
import { createDashboard } from './app.ts';
import { DRAIN_MS, loadDashboardConfig } from './config.ts';

await runUntilSignal(() => createDashboard(loadDashboardConfig(process.env)), { name: 'dashboard', env: process.env, drainMs: DRAIN_MS });
