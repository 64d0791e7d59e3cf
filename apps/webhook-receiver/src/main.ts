import { runUntilSignal } from '@darkroom/service-runtime';
import { createWebhookReceiver } from './app.ts';
import { DRAIN_MS, loadReceiverConfig } from './config.ts';

await runUntilSignal(() => createWebhookReceiver(loadReceiverConfig(process.env)), {
  name: 'webhook-receiver',
  env: process.env,
  drainMs: DRAIN_MS,
});
