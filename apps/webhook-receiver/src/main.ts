import { runUntilSignal } from '@darkroom/service-runtime';
import { createWebhookReceiver } from './app.ts';
import { loadReceiverConfig } from './config.ts';

// A delivery under way ends within its second; the rest of the time is for bodies that are still arriving.
await runUntilSignal(async () => createWebhookReceiver(loadReceiverConfig(process.env)), { drainMs: 10_000 });
