import { runUntilSignal } from '@darkroom/service-runtime';
import type { Program } from '@darkroom/service-runtime/launch';
import { createDashboard } from './app.ts';
import { DRAIN_MS, loadDashboardConfig } from './config.ts';

export const run: Program['run'] = (signals) =>
  runUntilSignal(() => createDashboard(loadDashboardConfig(process.env)), {
    name: 'dashboard',
    env: process.env,
    signals,
    drainMs: DRAIN_MS,
  });
