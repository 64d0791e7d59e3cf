import { runUntilSignal } from '@darkroom/service-runtime';
import { createDashboard } from './app.ts';
import { loadDashboardConfig } from './config.ts';

await runUntilSignal(async () => createDashboard(loadDashboardConfig(process.env)), { drainMs: 5000 });
