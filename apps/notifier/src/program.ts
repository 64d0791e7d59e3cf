import { runUntilSignal } from '@darkroom/service-runtime';
import type { Program } from '@darkroom/service-runtime/launch';
import { createNotifier } from './app.ts';
import { DRAIN_MS, loadNotifierConfig } from './config.ts';

export const run: Program['run'] = (signals) =>
  runUntilSignal(() => createNotifier(loadNotifierConfig(process.env)), {
    name: 'notifier',
    env: process.env,
    signals,
    drainMs: DRAIN_MS,
  });
