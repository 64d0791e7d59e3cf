import { defaultTiming } from '@darkroom/contracts';
import { runUntilSignal } from '@darkroom/service-runtime';
import { createWorkerApp } from './app.ts';
import { loadWorkerConfig } from './config.ts';

// A POST that is under way when the signal comes may take its whole time-out and still say what became of it.
await runUntilSignal(async () => createWorkerApp(loadWorkerConfig(process.env)), { drainMs: defaultTiming.requestTimeoutMs + 5000 });
