import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig as loadEmulatorConfig } from '../../apps/runware-emulator/src/config.ts';
import { apiSchemas, DRAIN_MS as apiDrainMs, loadApiConfig } from '../../apps/api/src/config.ts';
import { DRAIN_MS as dashboardDrainMs, dashboardSchemas, loadDashboardConfig } from '../../apps/dashboard/src/config.ts';
import { DRAIN_MS as eraserDrainMs, eraserSchemas, loadEraserConfig } from '../../apps/eraser/src/config.ts';
import { DRAIN_MS as notifierDrainMs, loadNotifierConfig, notifierSchemas } from '../../apps/notifier/src/config.ts';
import { DRAIN_MS as receiverDrainMs, loadReceiverConfig, receiverSchemas } from '../../apps/webhook-receiver/src/config.ts';
import { DRAIN_MS as workerDrainMs, loadWorkerConfig, workerSchemas } from '../../apps/worker/src/config.ts';
import { redisProcesses, redisUserOf } from '../../packages/generation-store/src/index.ts';
import { describeSettings, knownSettings, type Environment } from '../../packages/service-runtime/src/index.ts';
import { interpolate } from './compose.mjs';
import { readDocuments } from './documents.mjs';
import { render } from './kustomize.mjs';
import { isResource, type Resource } from './resources.mjs';
import { at, entriesAt, podTemplates, valuesAt } from './select.mjs';

/** Each overlay is rendered once. Without a kubectl for this system it is empty. */
const rendered = new Map(
  ['example', 'aws', 'local'].map((name) => [name, (render(`infra/kubernetes/overlays/${name}`) ?? []).filter(isResource)]),
);

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
};

interface ComposeFile {
  services: Record<string, { command?: string[]; environment?: Record<string, string>; stop_grace_period: string }>;
}

describe('docker-compose.yml', () => {
  // scripts/check-deployment.mjs has checked its schema.
  const { services } = readDocuments('docker-compose.yml')[0] as ComposeFile;
  const text = readFileSync('docker-compose.yml', 'utf8');
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-secrets-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const valuesOf = (name: string, env: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(services[name]?.environment ?? {}).map(([variable, value]) => [variable, interpolate(value, env)]));

  /** Runs the service "secrets" with an environment (.env), and returns what each service then gets. */
  function startWith(env: Record<string, string> = {}, secretsFolder = mkdtempSync(path.join(folder, 'volume-'))) {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['scripts/compose/write-secrets.mjs', secretsFolder, 'infra/redis/darkroom.acl'],
      { env: { PATH: process.env['PATH'] ?? '', ...valuesOf('secrets', env) }, encoding: 'utf8' },
    );
    const file = (name: string): string => readFileSync(path.join(secretsFolder, name), 'utf8');
    return {
      status,
      stderr,
      secretsFolder,
      file,
      /** As `node --env-file` reads it: what compose sets wins, so both must not set one name. */
      environmentOf: (name: string, reader = name): Record<string, string> => {
        const secrets = parseEnv(file(`${reader}/env`)) as Record<string, string>; // one value for each name
        const settings = valuesOf(name, env);
        expect(Object.keys(secrets).filter((variable) => variable in settings)).toEqual([]);
        return { HOST: '0.0.0.0', ...settings, ...secrets };
      },
    };
  }

  const named = {
    S3_ACCESS_KEY_ID: 'mine',
    WEBHOOK_KEYS: `mine:${'w'.repeat(32)}`,
    DASHBOARD_PASSWORD: 'my-own-password',
    REDIS_WORKER_PASSWORD: 'worker1',
    DAILY_CAP_USD: '7',
    STORAGE_PORT: '18333',
  };

  test.each([
    ['no setting', {}],
    ['settings in .env', named],
    ['a key of Runware', { BUY_WITH_RUNWARE_KEY: 'real' }],
  ])('with %s each process gets settings that it accepts and reads, and a Redis user of its own', (_, env) => {
    const { environmentOf, file } = startWith(env);
    const users = Object.entries(processes).map(([name, process]) => {
      expect(services[name]?.command?.[0]).toBe('--env-file=/secrets/env');
      expect(settingProblems(environmentOf(name), process), name).toEqual([]);
      const { username, password } = new URL(environmentOf(name)['REDIS_URL'] ?? '');
      expect(file('valkey/users.acl')).toContain(`user ${username} reset on >${password} `);
      expect(username).toBe(redisUserOf(redisProcesses.find((each) => each === name) ?? 'operator'));
      return username;
    });
    expect(new Set(users).size).toBe(Object.keys(processes).length);
    expect(file('valkey/users.acl')).not.toContain('CHANGE-ME');
    for (const variable of Object.keys(environmentOf('darkroom', 'operator'))) expect([...knownSettings, 'HOST']).toContain(variable);
  });

  test('one variable buys from Runware, with a small cap and data of its own; without it nothing leaves this machine', () => {
    const emulated = startWith();
    const worker = loadWorkerConfig(emulated.environmentOf('worker'));
    expect(worker.runware).toMatchObject({ url: 'http://emulator:8787/v1' });
    expect(loadEmulatorConfig(emulated.environmentOf('emulator'))).toMatchObject({
      publicUrl: 'http://emulator:8787',
      apiKey: worker.runware.apiKey,
    });
    const real = startWith({ BUY_WITH_RUNWARE_KEY: 'real' }).environmentOf('worker');
    expect(real).toMatchObject({
      RUNWARE_API_KEY: 'real',
      RUNWARE_URL: 'https://api.runware.ai/v1',
      RUNWARE_UPLOADS: 'none',
      DAILY_CAP_USD: '1',
    });
    expect(real['WEBHOOK_BASE_URL']).toBeUndefined();
    expect(startWith({ BUY_WITH_RUNWARE_KEY: 'real', DAILY_CAP_USD: '7' }).environmentOf('worker')['DAILY_CAP_USD']).toBe('7');
    const [project = ''] = /(?<=^name: ).*$/m.exec(text) ?? [];
    expect([interpolate(project, {}), interpolate(project, { BUY_WITH_RUNWARE_KEY: 'real' })]).toEqual(['darkroom', 'darkroom-buys']);
  });

  test('secrets are random, stay after a second start, and follow .env', () => {
    const [first, other] = [startWith(), startWith()];
    expect(first.file('kept/secrets.json')).not.toBe(other.file('kept/secrets.json'));
    const again = startWith({}, first.secretsFolder);
    expect([again.status, again.file('kept/secrets.json')]).toEqual([0, first.file('kept/secrets.json')]);
    expect(startWith(named, first.secretsFolder).environmentOf('api')['S3_ACCESS_KEY_ID']).toBe('mine');
    expect(statSync(path.join(first.secretsFolder, 'worker/env')).mode & 0o777).toBe(0o400);
  });

  test('a secret that a file of variables could not hold is refused', () => {
    expect(startWith({ DASHBOARD_PASSWORD: "it's long enough" }).stderr).toContain('DASHBOARD_PASSWORD may hold only');
    expect(startWith({ REDIS_API_PASSWORD: 'a b' }).stderr).toContain('REDIS_API_PASSWORD may hold only letters and digits');
  });

  test('"welcome" names every address and password', () => {
    const { stdout } = spawnSync(process.execPath, ['scripts/compose/welcome.mjs'], {
      env: { PATH: process.env['PATH'] ?? '', ...startWith().environmentOf('welcome') },
      encoding: 'utf8',
    });
    expect(stdout).toContain('http://127.0.0.1:3003   user darkroom, password ');
    expect(stdout).not.toContain('undefined');
  });

  test.each(Object.entries(processes))('lets a %s finish before the orchestrator kills it', (name, { drainMs }) => {
    expect(Number.parseInt(services[name]?.stop_grace_period ?? '0', 10) * 1000).toBeGreaterThan(drainMs + HURRY_MS);
  });

  test('.env.example names exactly the settings of compose, with the same defaults', () => {
    const taken = new Map([...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', word = '']) => [name, word]));
    const example = [...readFileSync('.env.example', 'utf8').matchAll(/^(# )?([A-Z0-9_]+)=(.*)$/gm)];
    expect(example.map(([, , name]) => name).toSorted()).toEqual([...taken.keys()].toSorted());
    for (const [, comment, name = '', value] of example) {
      // "No switches" is an empty object.
      expect([comment, value], name).toEqual(['# ', name === 'FAULTS' ? '{}' : taken.get(name)]);
    }
  });
});

describe('infra/kubernetes', () => {
  test.each(['example', 'aws', 'local'])(
    'overlays/%s gives each process settings that it accepts and reads, and time to finish',
    (overlay) => {
      const resources = rendered.get(overlay) ?? [];
      for (const [name, process] of Object.entries(processes)) {
        if (resources.length === 0) continue; // no kubectl for this system
        const pod = podOf(resources, name);
        expect(settingProblems(pod.environment, process), name).toEqual([]);
        expect(pod.graceMs, name).toBeGreaterThan(pod.beforeStopMs + process.drainMs + HURRY_MS);
      }
    },
  );

  test('a setting that no process knows, one of another process, and one with a wrong value are found', () => {
    const worker = { REDIS_URL: 'redis://a:b@c', RUNWARE_API_KEY: 'key', S3_BUCKET: 'darkroom' };
    expect(settingProblems({ ...worker, WORKER_SUBMIT_CONCURENCY: '4' }, processes.worker).join()).toContain('did you mean');
    expect(settingProblems({ ...worker, DASHBOARD_USER: 'x' }, processes.worker)).toEqual(['DASHBOARD_USER is not read']);
    expect(settingProblems({ ...worker, DAILY_CAP_USD: 'much' }, processes.worker).join()).toContain('DAILY_CAP_USD');
  });

  test("the operator's jobs get settings that a process of Darkroom reads", () => {
    const resources = rendered.get('local') ?? [];
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
    return [String(name), typeof value === 'string' ? value : secret];
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
