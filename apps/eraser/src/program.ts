import { runUntilSignal } from '@darkroom/service-runtime';
import type { Program } from '@darkroom/service-runtime/launch';
import { createEraser } from './app.ts';
import { DRAIN_MS, loadEraserConfig } from './config.ts';

export const run: Program['run'] = (signals) =>
  runUntilSignal(() => createEraser(loadEraserConfig(process.env)), {
    name: 'eraser',
    env: process.env,
    signals,
    drainMs: DRAIN_MS,
  });
