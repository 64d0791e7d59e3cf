import { runUntilSignal } from '@darkroom/service-runtime';
import { createDashboard } from './app.ts';
import { DRAIN_MS, loadDashboardConfig } from './config.ts';

await runUntilSignal(() => createDashboard(loadDashboardConfig(process.env)), { name: 'dashboard', drainMs: DRAIN_MS });
