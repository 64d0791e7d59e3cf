import { runUntilSignal } from '@darkroom/service-runtime';
import { createWorkerApp } from './app.ts';
import { DRAIN_MS, loadWorkerConfig } from './config.ts';

await runUntilSignal(async () => createWorkerApp(loadWorkerConfig(process.env)), { drainMs: DRAIN_MS });
