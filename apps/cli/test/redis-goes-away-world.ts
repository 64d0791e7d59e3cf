import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { startTestS3, uniquePrefix } from '@darkroom/testing';
import { inject, onTestFinished } from 'vitest';
import { runCommand } from '../src/app.ts';
import { startRedisCutter } from './redis-cutter.ts';

const DOLLAR = 1_000_000_000;

/** Creates a Darkroom without workers, open or empty, whose commands can be cut off from Redis in their middle. */
export async function setup({ isOpen = true } = {}) {
  const s3 = await startTestS3();
  onTestFinished(() => s3.stop());
  const prefix = uniquePrefix();
  const redis = connectPatient(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  if (isOpen) {
    const retention = { recordSeconds: 60, idempotencySeconds: 60 };
    const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    await store.setCaps({ allPerDay: DOLLAR });
    await store.initialise('epoch');
  }
  return {
    /** Runs a command. @param after The first request to Redis that is lost, with all that follow. */
    async run(words: readonly string[], after?: number) {
      await using cutter = await startRedisCutter(inject('redisUrl'), after);
      const printed: string[] = [];
      const complaints: string[] = [];
      const { accessKeyId, secretAccessKey } = s3.credentials;
      const code = await runCommand({
        words,
        goneMs: 300,
        environment: {
          REDIS_URL: cutter.url,
          DARKROOM_PREFIX: prefix,
          S3_BUCKET: s3.bucket,
          S3_ENDPOINT: s3.endpoint,
          S3_ACCESS_KEY_ID: accessKeyId,
          S3_SECRET_ACCESS_KEY: secretAccessKey,
          WORKER_RECONCILE_GRACE_MS: '100',
        },
        terminal: {
          print: (...lines) => void printed.push(...lines),
          complain: (text) => void complaints.push(text),
          isLive: false,
          draw: () => undefined,
          keepDrawing: () => undefined,
          paint: (_style, text) => text,
        },
        signals: { stop: new AbortController().signal, hurry: new AbortController().signal },
      });
      return { code, printed, complaints, requests: cutter.requests() };
    },
  };
}
