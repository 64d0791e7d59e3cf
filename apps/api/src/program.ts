import { runUntilSignal } from '@darkroom/service-runtime';
import type { Program } from '@darkroom/service-runtime/launch';
import { createApi } from './app.ts';
import { DRAIN_MS, loadApiConfig } from './config.ts';

export const run: Program['run'] = (signals) =>
  runUntilSignal(() => createApi(loadApiConfig(process.env)), { name: 'api', env: process.env, signals, drainMs: DRAIN_MS });
