import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig as loadEmulatorConfig } from '../../apps/runware-emulator/src/config.ts';
import { apiSchemas, DRAIN_MS as apiDrainMs, loadApiConfig } from '../../apps/api/src/config.ts';
import { DRAIN_MS as dashboardDrainMs, dashboardSchemas, loadDashboardConfig } from '../../apps/dashboard/src/config.ts';
import { DRAIN_MS as eraserDrainMs, eraserSchemas, loadEraserConfig } from '../../apps/eraser/src/config.ts';
import { DRAIN_MS as notifierDrainMs, loadNotifierConfig, notifierSchemas } from '../../apps/notifier/src/config.ts';
import { DRAIN_MS as receiverDrainMs, loadReceiverConfig, receiverSchemas } from '../../apps/webhook-receiver/src/config.ts';
import { DRAIN_MS as workerDrainMs, loadWorkerConfig, workerSchemas } from '../../apps/worker/src/config.ts';
import { redisProcesses, redisUserOf } from '../../packages/generation-store/src/index.ts';
import { describeSettings, type Environment } from '../../packages/service-runtime/src/index.ts';
import { parseDocuments, readDocuments } from './documents.mjs';

/** `runUntilSignal` gives a hurried service this long, then ends the process. */
const HURRY_MS = 3000;

const namesOf = (schemas: Parameters<typeof describeSettings>[0]): string[] => describeSettings(schemas).map(({ name }) => name);

const processes = {
  worker: { load: loadWorkerConfig, reads: namesOf(workerSchemas), drainMs: workerDrainMs },
  receiver: { load: loadReceiverConfig, reads: namesOf(receiverSchemas), drainMs: receiverDrainMs },
  dashboard: { load: loadDashboardConfig, reads: namesOf(dashboardSchemas), drainMs: dashboardDrainMs },
  eraser: { load: loadEraserConfig, reads: namesOf(eraserSchemas), drainMs: eraserDrainMs },
  api: { load: loadApiConfig, reads: namesOf(apiSchemas), drainMs: apiDrainMs },
  notifier: { load: loadNotifierConfig, reads: namesOf(notifierSchemas), drainMs: notifierDrainMs },
};

/** Valid values for secrets; the image itself sets HOST. */
const secrets: Environment = {
  REDIS_URL: 'rediss://user:password@redis.example.com:6379',
  RUNWARE_API_KEY: 'key',
  WEBHOOK_KEYS: `one:${'s'.repeat(32)}`,
  NOTIFICATION_KEYS: `one:${'s'.repeat(32)}`,
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'secret',
  DASHBOARD_PASSWORD: 'a long password',
  DASHBOARD_LOOK_PASSWORD: 'another long password',
  ...Object.fromEntries(redisProcesses.map((process) => [`REDIS_${process.toUpperCase()}_PASSWORD`, `${process}1`])),
};

interface ComposeFile {
  services: Record<string, { environment?: Record<string, string>; stop_grace_period: string }>;
}

describe('docker-compose.yml', () => {
  // scripts/check-deployment.mjs has checked its schema.
  const { services } = readDocuments('docker-compose.yml')[0] as ComposeFile;
  const text = readFileSync('docker-compose.yml', 'utf8');
  const environmentOf = (name: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(services[name]?.environment ?? {}).map(([variable, value]) => [
        variable,
        value
          .replaceAll(/\$\{(\w+):-([^}]*)\}/g, '$2')
          .replaceAll(/\$\{(\w+):\?[^}]*\}/g, (_whole, secret: string) => secrets[secret] ?? `no value for ${secret}`),
      ]),
    );

  test.each(Object.entries(processes))('gives a %s settings that it accepts and reads', (name, { load, reads }) => {
    const environment = environmentOf(name);
    expect(() => load({ HOST: '0.0.0.0', ...environment })).not.toThrow();
    for (const variable of Object.keys(environment)) expect(reads).toContain(variable);
  });

  test.each(Object.keys(processes))('gives a %s its own Redis user', (name) => {
    const user = redisUserOf(redisProcesses.find((process) => process === name) ?? 'operator');
    expect(environmentOf(name)['REDIS_URL']).toBe(`redis://${user}:${name}1@valkey:6379`);
  });

  test('gives the emulator settings that it accepts', () => {
    expect(loadEmulatorConfig({ HOST: '0.0.0.0', ...environmentOf('emulator') })).toMatchObject({
      publicUrl: 'http://emulator:8787',
      apiKey: 'key',
    });
  });

  test.each(Object.entries(processes))('lets a %s finish before the orchestrator kills it', (name, { drainMs }) => {
    expect(Number.parseInt(services[name]?.stop_grace_period ?? '0', 10) * 1000).toBeGreaterThan(drainMs + HURRY_MS);
  });

  test('.env.example names exactly the settings of compose, with the same defaults', () => {
    const taken = new Map(
      [...text.matchAll(/\$\{(\w+):([-?])([^}]*)\}/g)].map(([, name = '', kind, word = '']) => [name, kind === '-' ? word : undefined]),
    );
    const example = [...readFileSync('.env.example', 'utf8').matchAll(/^(# )?([A-Z0-9_]+)=(.*)$/gm)];
    expect(example.map(([, , name]) => name).toSorted()).toEqual([...taken.keys()].toSorted());
    for (const [, comment, name = '', value] of example) {
      const fallback = taken.get(name);
      // A required setting is empty; an optional one is a comment with its default ("no switches" is an empty object).
      expect([comment !== undefined, value], name).toEqual(
        fallback === undefined ? [false, ''] : [true, name === 'FAULTS' ? '{}' : fallback],
      );
    }
  });
});

describe('infra/kubernetes', () => {
  interface Deployment {
    spec: {
      template: {
        spec: {
          terminationGracePeriodSeconds: number;
          containers: {
            envFrom: { configMapRef: { name: string } }[];
            env: { name: string; value?: string }[];
            lifecycle?: { preStop?: { sleep?: { seconds: number } } };
          }[];
        };
      };
    };
  }
  const read = (file: string): unknown[] => parseDocuments(readFileSync(`infra/kubernetes/base/${file}.yaml`, 'utf8'), file);
  const maps = new Map(
    (read('settings') as { metadata: { name: string }; data: Record<string, string> }[]).map(({ metadata, data }) => [metadata.name, data]),
  ); // only ConfigMaps

  test.each(Object.entries(processes))(
    'gives a %s settings that it accepts and reads, and time to finish',
    (name, { load, reads, drainMs }) => {
      const { spec } = (read(name)[0] as Deployment).spec.template; // each file begins with its Deployment
      const [container] = spec.containers;
      const environment = {
        ...Object.assign({}, ...(container?.envFrom ?? []).map(({ configMapRef }) => maps.get(configMapRef.name))),
        ...Object.fromEntries((container?.env ?? []).map((variable) => [variable.name, variable.value ?? secrets[variable.name]])),
      } as Record<string, string>; // texts, from a ConfigMap and from here
      expect(() => load({ HOST: '0.0.0.0', ...environment })).not.toThrow();
      for (const variable of Object.keys(environment)) expect(reads).toContain(variable);
      const beforeStopMs = (container?.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000;
      expect(spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(beforeStopMs + drainMs + HURRY_MS);
    },
  );
});
