import { runUntilSignal } from '@darkroom/service-runtime';
import type { Program } from '@darkroom/service-runtime/launch';
import { createWebhookReceiver } from './app.ts';
import { DRAIN_MS, loadReceiverConfig } from './config.ts';

export const run: Program['run'] = (signals) =>
  runUntilSignal(() => createWebhookReceiver(loadReceiverConfig(process.env)), {
    name: 'webhook-receiver',
    env: process.env,
    signals,
    drainMs: DRAIN_MS,
  });
