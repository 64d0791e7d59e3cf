import { runUntilSignal } from '@darkroom/service-runtime';
import { createWorkerApp } from './app.ts';
import { DRAIN_MS, loadWorkerConfig } from './config.ts';

await runUntilSignal(() => createWorkerApp(loadWorkerConfig(process.env)), { name: 'worker', env: process.env, drainMs: DRAIN_MS });
