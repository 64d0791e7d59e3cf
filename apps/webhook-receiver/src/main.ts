import { runUntilSignal } from '@darkroom/service-runtime';
import { createWebhookReceiver } from './app.ts';
import { DRAIN_MS, loadReceiverConfig } from './config.ts';

await runUntilSignal(async () => createWebhookReceiver(loadReceiverConfig(process.env)), { drainMs: DRAIN_MS });
