import { runUntilSignal } from '@darkroom/service-runtime';
import { createDashboard } from './app.ts';
import { DRAIN_MS, loadDashboardConfig } from './config.ts';

await runUntilSignal(async () => createDashboard(loadDashboardConfig(process.env)), { drainMs: DRAIN_MS });
