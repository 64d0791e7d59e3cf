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
import { knownSettings } from '../../packages/service-runtime/src/settings/unknown-settings.ts';
import { readDocuments } from './documents.mjs';
import { render } from './kustomize.mjs';
import { isResource, type Resource } from './resources.mjs';
import { at, entriesAt, podTemplates, valuesAt } from './select.mjs';

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
  test.each(['example', 'aws', 'local'])('overlays/%s gives each process settings that it accepts and reads, and time to finish', (overlay) => {
    const resources = (render(`infra/kubernetes/overlays/${overlay}`) ?? []).filter(isResource);
    for (const [name, process] of Object.entries(processes)) {
      if (resources.length === 0) continue; // no kubectl for this system
      const pod = podOf(resources, name);
      expect(settingProblems(pod.environment, process), name).toEqual([]);
      expect(pod.graceMs, name).toBeGreaterThan(pod.beforeStopMs + process.drainMs + HURRY_MS);
    }
  });

  test('a setting that no process knows, one of another process, and one with a wrong value are found', () => {
    const worker = { REDIS_URL: 'redis://a:b@c', RUNWARE_API_KEY: 'key', S3_BUCKET: 'darkroom' };
    expect(settingProblems({ ...worker, WORKER_SUBMIT_CONCURENCY: '4' }, processes.worker).join()).toContain('did you mean');
    expect(settingProblems({ ...worker, DASHBOARD_USER: 'x' }, processes.worker)).toEqual(['DASHBOARD_USER is not read']);
    expect(settingProblems({ ...worker, DAILY_CAP_USD: 'much' }, processes.worker).join()).toContain('DAILY_CAP_USD');
  });

  test('the operator\'s jobs get settings that a process of Darkroom reads', () => {
    const resources = (render('infra/kubernetes/overlays/local') ?? []).filter(isResource);
    for (const job of podTemplates(resources).filter(({ resource }) => resource.kind === 'CronJob')) {
      const names = Object.keys(environmentOf(resources, entriesAt(job.resource, [...job.path, 'containers'])[0] ?? {}));
      expect(names).toEqual(expect.arrayContaining(['REDIS_URL', 'S3_BUCKET']));
      for (const name of names) expect(knownSettings).toContain(name);
    }
  });
});

/** Names the settings of an environment that a process refuses or does not read. */
function settingProblems(environment: Environment, { load, reads }: (typeof processes)[keyof typeof processes]): string[] {
  const unread = Object.keys(environment).filter((variable) => !reads.includes(variable));
  try {
    load({ HOST: '0.0.0.0', ...environment });
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return unread.map((variable) => `${variable} is not read`);
}

/** Returns the environment of a container: its ConfigMaps, its values, and its secrets from a Secret or with an invented value. */
function environmentOf(resources: Resource[], container: Record<string, unknown>): Record<string, string> {
  const named = (kind: string, name: unknown) => resources.find((each) => each.kind === kind && each.metadata.name === name);
  const maps = entriesAt(container, ['envFrom', 'configMapRef']).map(({ name }) => entriesAt(named('ConfigMap', name), ['data'])[0]);
  const variables = entriesAt(container, ['env']).map(({ name, value, ...rest }) => {
    const [reference] = entriesAt(rest, ['valueFrom', 'secretKeyRef']);
    const [encoded] = valuesAt(named('Secret', reference?.['name']), ['data', String(reference?.['key'])]);
    const secret = encoded === undefined ? secrets[String(name)] : Buffer.from(encoded, 'base64').toString('utf8');
    return [String(name), value === undefined ? secret : String(value)];
  });
  return Object.assign({}, ...maps, Object.fromEntries(variables)) as Record<string, string>; // ConfigMaps hold texts
}

function podOf(resources: Resource[], name: string) {
  const deployment = podTemplates(resources).find(({ resource }) => resource.metadata.name === `darkroom-${name}`);
  if (deployment === undefined) throw new Error(`there is no Deployment darkroom-${name}`);
  const [pod = {}] = entriesAt(deployment.resource, deployment.path);
  const [container = {}] = entriesAt(pod, ['containers']);
  return {
    environment: environmentOf(resources, container),
    graceMs: Number(pod['terminationGracePeriodSeconds']) * 1000,
    beforeStopMs: Number(at(container, ['lifecycle', 'preStop', 'sleep', 'seconds'])[0] ?? 0) * 1000,
  };
}
