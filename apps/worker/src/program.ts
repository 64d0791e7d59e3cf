import { runUntilSignal } from '@darkroom/service-runtime';
import type { Program } from '@darkroom/service-runtime/launch';
import { createWorkerApp } from './app.ts';
import { DRAIN_MS, loadWorkerConfig } from './config.ts';

export const run: Program['run'] = (signals) =>
  runUntilSignal(() => createWorkerApp(loadWorkerConfig(process.env)), { name: 'worker', env: process.env, signals, drainMs: DRAIN_MS });
