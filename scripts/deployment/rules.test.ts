import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { composeProblems, interpolate } from './compose.mjs';
import { problemsOf } from './dockerfile.mjs';
import { parseDocuments } from './documents.mjs';
import { isPinned } from './images.mjs';
import { render } from './kustomize.mjs';
import { podProblems } from './pod-rules.mjs';
import { redisUserProblems } from './redis-user-rules.mjs';
import { referenceProblems } from './reference-rules.mjs';
import { isResource, schemaProblems, type Resource } from './resources.mjs';
import { entriesAt } from './select.mjs';
import { routeProblems } from './route-rules.mjs';
import { unknownFieldProblems } from './unknown-fields.mjs';

const read = (file: string): string => readFileSync(path.join('infra/kubernetes', file), 'utf8');

/** Returns the documents of a file with one change, and the accounts and settings that they name. */
function changed(file: string, from: string, to: string, ...others: string[]) {
  const text = read(file.includes('/') ? file : `base/${file}`);
  expect(text).toContain(from);
  const around = ['base/service-accounts.yaml', 'base/settings.yaml', ...others].map(read);
  return parseDocuments([text.replace(from, to), ...around].join('\n---\n'), file);
}

const ofPods = (documents: unknown[], isFinal = false): string[] => podProblems(documents.filter(isResource), { isFinal });
const ofReferences = (documents: unknown[]): string[] => referenceProblems(documents.filter(isResource));

describe('a Kubernetes document', () => {
  test('is refused with a value of the wrong type, and without a required field', () => {
    expect(changed('receiver.yaml', 'replicas: 2', "replicas: 'two'").flatMap(schemaProblems)).toEqual([
      expect.stringContaining('must be integer'),
    ]);
    expect(changed('components/keda/worker-scaling.yaml', 'name: darkroom-worker }', 'kind: Deployment }').flatMap(schemaProblems)).toEqual(
      [expect.stringContaining('must have required property name')],
    );
  });

  test('is refused if its kind is unknown', () => {
    expect(schemaProblems({ apiVersion: 'v1', kind: 'Pod s', metadata: { name: 'x' } })).toEqual([
      expect.stringContaining('there is no schema'),
    ]);
    expect(schemaProblems('text')).toHaveLength(1);
  });

  test('is refused with a field that Kubernetes would silently drop', { timeout: 30_000 }, () => {
    const documents = changed('receiver.yaml', 'readinessProbe:', 'readinessProb:');
    expect(documents.flatMap(schemaProblems)).toEqual([]);
    expect(unknownFieldProblems(documents, process.cwd())).toEqual([expect.stringContaining('readinessProb')]);
  });

  test('is refused with a duplicate key', () => {
    expect(() => parseDocuments('a: 1\na: 2\n', 'x.yaml')).toThrow('x.yaml is not valid YAML');
  });
});

describe('a pod', () => {
  test.each([
    ['receiver.yaml', 'runAsNonRoot: true', 'runAsNonRoot: false', 'runs as root'],
    ['receiver.yaml', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', 'may write to its root file system'],
    ['receiver.yaml', 'drop: [ALL]', 'drop: [CHOWN]', 'keeps capabilities'],
    ['receiver.yaml', 'requests: { cpu: 100m, memory: 128Mi }', 'requests: { cpu: 100m }', 'requests no processor or memory'],
    ['receiver.yaml', 'path: /readyz', 'path: /livez', 'has no readiness probe on /readyz'],
    [
      'worker.yaml',
      'kind: PodDisruptionBudget\nmetadata:\n  name: darkroom-worker',
      'kind: PodDisruptionBudget\nmetadata:\n  name: other',
      'has no PodDisruptionBudget',
    ],
    [
      'worker.yaml',
      "{ name: PORT, value: '3001' }",
      "{ name: RUNWARE_API_KEY, value: 'secret' }",
      'has secrets as plain values: RUNWARE_API_KEY',
    ],
  ])('is refused if %s has "%s" changed to "%s", because it %s', (file, from, to, problem) => {
    expect(ofPods(changed(file, from, to)).join('\n')).toContain(problem);
  });

  test('must name a version of its image in an overlay', () => {
    expect(ofPods(changed('receiver.yaml', 'image: darkroom', 'image: darkroom'), true)).toEqual([
      expect.stringContaining('without a fixed version'),
    ]);
    expect(ofPods(changed('receiver.yaml', 'image: darkroom', 'image: darkroom:0.1.0'), true)).toEqual([]);
  });
});

describe('the check finds a name without a target', () => {
  test.each([
    ['worker.yaml', 'configMapRef: { name: darkroom-worker }', 'configMapRef: { name: elsewhere }', 'no ConfigMap "elsewhere"'],
    ['worker.yaml', 'serviceAccountName: darkroom-worker', 'serviceAccountName: other', 'no ServiceAccount "other"'],
    [
      'receiver.yaml',
      'selector: { app.kubernetes.io/name: darkroom-receiver }',
      'selector: { app: other }',
      'no pod carries {"app":"other"}',
    ],
    ['components/keda/worker-scaling.yaml', 'name: darkroom-worker }', 'name: other }', 'no Deployment "other"'],
    ['jobs.yaml', 'configMapRef: { name: darkroom-store }', 'configMapRef: { name: elsewhere }', 'no ConfigMap "elsewhere"'],
    ['overlays/local/valkey.yaml', 'configMap: { name: darkroom-redis-users }', 'configMap: { name: users }', 'no ConfigMap "users"'],
    ['overlays/local/storage.yaml', '{ name: tmp, mountPath', '{ name: temp, mountPath', 'mounts the volume "temp"'],
    ['overlays/local/network-policies.yaml', 'name: emulator } }', 'name: emulator1 } }', 'no pod carries'],
    ['network-policies.yaml', 'name: darkroom-eraser }', 'name: darkroom-erase }', 'no pod carries'],
  ])('in %s: %s', (file, from, to, problem) => {
    expect(ofReferences(changed(file, from, to)).join('\n')).toContain(problem);
  });
});

/** The rendered overlays, each once: what a cluster gets. */
const overlays = new Map(
  ['example', 'aws', 'local'].map((name) => [name, (render(`infra/kubernetes/overlays/${name}`) ?? []).filter(isResource)]),
);

/** Returns an overlay after one change of its text. */
function overlayWith(name: string, from: string | RegExp, to: string): Resource[] {
  const text = JSON.stringify(overlays.get(name));
  expect(text).toMatch(from);
  return JSON.parse(text.replace(from, to)) as Resource[]; // the text of resources
}

describe.skipIf(overlays.get('local')?.length === 0)('a rendered overlay', () => {
  test.each([...overlays])('%s has no problem, and every process', (_name, resources) => {
    expect(resources.flatMap(schemaProblems)).toEqual([]);
    for (const find of [referenceProblems, redisUserProblems, routeProblems]) expect(find(resources)).toEqual([]);
    expect(podProblems(resources, { isFinal: true })).toEqual([]);
    const deployed = resources.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
    expect(deployed.toSorted()).toEqual(
      ['api', 'dashboard', 'eraser', 'notifier', 'receiver', 'worker'].map((process) => `darkroom-${process}`),
    );
  });

  test.each([
    ['example', /"key":"redis-url-eraser"/, '"key":"redis-url-nobody"', 'no secret holds "darkroom/redis-url-nobody"'],
    ['local', /"redis-url-eraser":"[^"]*",/, '', /no secret holds "darkroom-\w+\/redis-url-eraser"/],
    ['local', /"configMapRef":\{"name":"darkroom-worker"\}/, '"configMapRef":{"name":"absent"}', 'no ConfigMap "absent"'],
    ['aws', '"sectionName":"https"', '"sectionName":"http"', 'has no listener "http"'],
    ['aws', '"hostnames":["darkroom.example.com"]', '"hostnames":["other.example.com"]', 'the listener is for "darkroom.example.com"'],
    ['aws', '"targetReference":{"name":"darkroom-api"}', '"targetReference":{"name":"api"}', 'there is no Service "api"'],
    ['example', '"name":"darkroom-receiver","port":80', '"name":"darkroom-receiver","port":81', 'has no port 81'],
  ])('%s with %s changed to %s lacks a target', (name, from, to, problem) => {
    expect(referenceProblems(overlayWith(name, from, to)).join('\n')).toMatch(problem);
  });

  test.each([
    ['example', /"value":"\/webhooks\/runware"/, '"value":"/webhooks"', 'opens "Exact /webhooks" of "darkroom-receiver"'],
    ['aws', /"type":"PathPrefix","value":"\/v1"/, '"type":"PathPrefix","value":"v1"', 'no route leads to "Prefix /v1" of "darkroom-api"'],
  ])('%s with %s changed to %s has a wrong entrance', (name, from, to, problem) => {
    expect(routeProblems(overlayWith(name, from, to)).join('\n')).toContain(problem);
  });

  test('two processes with one Redis user are found, and a process without one', () => {
    expect(redisUserProblems(overlayWith('example', '"key":"redis-url-receiver"', '"key":"redis-url-worker"')).join('\n')).toMatch(
      /has the Redis user of/,
    );
    expect(redisUserProblems(overlayWith('example', '"name":"REDIS_URL"', '"name":"REDIS_ADDRESS"'))).toEqual([
      expect.stringContaining('connects to Redis without a user from a secret'),
    ]);
  });

  test.each([
    ['"scheme":"internet-facing"', '"scheme":"public"', 'must be equal to one of the allowed values'],
    ['"defaultCertificate":"arn:', '"certificate":"arn:', 'must NOT have additional properties'],
    ['"healthCheckInterval":10', '"healthCheckInterval":"10"', 'must be integer'],
  ])('the schemas of the load balancer refuse %s', (from, to, problem) => {
    expect(overlayWith('aws', from, to).flatMap(schemaProblems).join('\n')).toContain(problem);
  });
});

describe.skipIf(overlays.get('local')?.length === 0)('network policies', () => {
  /** Returns what the policies of an overlay let the pods of a process reach ("egress"), or be reached from ("ingress"). */
  const allowed = (overlay: string, process: string, direction: 'egress' | 'ingress'): string[] => {
    const labels: Record<string, string> = { 'app.kubernetes.io/name': `darkroom-${process}`, 'app.kubernetes.io/part-of': 'darkroom' };
    return (overlays.get(overlay) ?? [])
      .filter(({ kind }) => kind === 'NetworkPolicy')
      .filter((policy) => {
        const [wanted = {}] = entriesAt(policy, ['spec', 'podSelector', 'matchLabels']);
        const expressions = entriesAt(policy, ['spec', 'podSelector', 'matchExpressions']);
        const isNamed = expressions.every(({ key, values }) => Array.isArray(values) && values.includes(labels[String(key)]));
        return isNamed && Object.entries(wanted).every(([name, value]) => labels[name] === value);
      })
      .flatMap((policy) => entriesAt(policy, ['spec', direction]))
      .map((rule) =>
        [...entriesAt(rule, ['to']), ...entriesAt(rule, ['from'])]
          .map((peer) =>
            JSON.stringify(peer)
              .replaceAll(/[{}"[\]]/g, '')
              .replaceAll(/ipBlock:|namespaceSelector:|matchLabels:|kubernetes.io\/metadata.name:/g, ''),
          )
          .concat(entriesAt(rule, ['ports']).map(({ port }) => String(port)))
          .join(' '),
      )
      .toSorted();
  };
  const [names, redis, metrics] = ['kube-system 53 53', '6379', 'monitoring http'];
  const internet = 'cidr:0.0.0.0/0,except:169.254.0.0/16 443';

  test('let each process reach what it needs, and nothing else', () => {
    for (const process of ['worker', 'eraser', 'api', 'dashboard', 'operator'])
      expect([process, allowed('example', process, 'egress')]).toEqual([process, [redis, internet, names]]);
    expect(allowed('example', 'receiver', 'egress')).toEqual([redis, names]);
    expect(allowed('example', 'notifier', 'egress')).toEqual([
      redis,
      expect.stringMatching(/^cidr:0.0.0.0\/0,except:10.0.0.0\/8,.*192.168.0.0\/16$/),
      names,
    ]);
    expect(allowed('aws', 'eraser', 'egress')).toEqual([redis, internet, 'cidr:169.254.170.23/32 80', names]);
    expect(allowed('aws', 'receiver', 'egress')).toEqual([redis, names]);
  });

  test('open the receiver and the API alone, to the entrance alone', () => {
    for (const process of ['worker', 'eraser', 'notifier', 'dashboard', 'operator'])
      expect([process, allowed('example', process, 'ingress')]).toEqual([process, [metrics]]);
    for (const process of ['receiver', 'api']) {
      expect(allowed('example', process, 'ingress')).toEqual(['envoy-gateway-system http', metrics]);
      expect(allowed('aws', process, 'ingress')).toEqual(['cidr:10.0.0.0/16 http', metrics]);
    }
  });
});

test('a folder that kustomize cannot render is an error', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-kustomize-'));
  try {
    writeFileSync(path.join(folder, 'kustomization.yaml'), 'resources: [missing.yaml]\n');
    if (overlays.get('local')?.length !== 0) expect(() => render(folder)).toThrow('missing.yaml');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the compose file', () => {
  const text = readFileSync('docker-compose.yml', 'utf8');

  /** @returns the problems after one change. */
  function problemsAfter(from: string, to: string): string {
    expect(text).toContain(from);
    // Beside the other files: configs are checked too.
    const file = path.resolve(`.local/docker-compose.${process.pid}.yml`);
    mkdirSync('.local', { recursive: true });
    writeFileSync(file, text.replace(from, to).replaceAll(/file: (?=\w)/g, 'file: ../'));
    try {
      return composeProblems(file).join('\n');
    } finally {
      rmSync(file);
    }
  }

  test('has no problem', () => {
    expect(composeProblems('docker-compose.yml')).toEqual([]);
  });

  test.each([
    ['image: valkey/valkey:8.1-bookworm', 'image: valkey/valkey:latest', 'without a fixed version'],
    ['image: valkey/valkey:8.1-bookworm', 'imag: valkey/valkey', 'additionalProperty'],
    ['restart: unless-stopped\n    volumes:', 'restart: on-failure\n    volumes:', 'does not restart after it ends'],
    ["'127.0.0.1:${VALKEY_PORT:-6379}:6379'", "'6379:6379'", 'opens 6379:6379 to the network'],
    ['storage: { condition: service_healthy }', 'storage: { condition: service_started }', 'must wait until "storage" is healthy'],
    ['service_completed_successfully', 'service_healthy', 'must wait until "secrets" has ended well'],
    ['    stop_grace_period: 20s\n', '', 'has no stop_grace_period'],
    ['  read_only: true\n', '', 'may write to its root file system'],
    ['    cap_drop: [ALL]\n', '', 'service "valkey": keeps capabilities'],
    ['  mem_limit: 1g\n', '', 'has no limit of memory'],
    [
      "volumes: ['secrets-receiver:/secrets:ro']",
      "volumes: ['secrets-worker:/secrets:ro']",
      'volume "secrets-worker": one service must read it',
    ],
    ['configs:\n  redis-users', 'configs:\n  redis-user', 'there is no config "redis-users"'],
    ['file: infra/redis/darkroom.acl', 'file: infra/redis/users.acl', 'there is no file'],
  ])('with "%s" changed to "%s" is refused', (from, to, problem) => {
    expect(problemsAfter(from, to)).toContain(problem);
  });

  test('its variables have defaults, and other forms are an error', () => {
    expect(interpolate('${A:-x}${B:+y}', {})).toBe('x');
    expect(interpolate('${A:-x}${B:+y} $$C', { A: '1', B: '2' })).toBe('1y $C');
    for (const form of ['${A}', '$A', '${A:?say so}']) expect(() => interpolate(form, { A: '1' })).toThrow('cannot replace');
    expect(() => interpolate(text.replaceAll(/^\s*#.*$/gm, ''), {})).not.toThrow();
  });
});

test('an image is pinned by a version or a digest', () => {
  for (const image of ['valkey/valkey:8.1-bookworm', 'node:24-bookworm-slim', `x@sha256:${'a'.repeat(64)}`, 'registry:5000/x:1'])
    expect(isPinned(image), image).toBe(true);
  for (const image of ['valkey/valkey', 'x:latest', 'registry:5000/x', 'x:stable']) expect(isPinned(image), image).toBe(false);
});

test.each([
  ['USER 1000:1000', 'USER root', 'a number other than 0'],
  ['WORKDIR /darkroom', 'WORKDIRR /darkroom', 'line 3: Unknown instruction: WORKDIRR'],
  ['COPY --from=build', 'COPY --form=build', 'Unknown flag: form'],
  ['ENTRYPOINT ["node", "--enable-source-maps"]', 'ENTRYPOINT node --enable-source-maps', 'must start node itself'],
  ['FROM node:24-bookworm-slim AS build', 'FROM node:24-alpine AS build', 'different bases'],
  ['COPY --from=build /image ./', 'COPY --from=build /darkroom ./', 'does not copy the folder'],
])('the Dockerfile with "%s" changed to "%s" is refused', (from, to, problem) => {
  const text = readFileSync('Dockerfile', 'utf8');
  expect(problemsOf(text)).toEqual([]);
  expect(problemsOf(text.replace(from, to)).join('\n')).toContain(problem);
});
