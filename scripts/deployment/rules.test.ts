import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { composeProblems } from './compose.mjs';
import { problemsOf } from './dockerfile.mjs';
import { parseDocuments } from './documents.mjs';
import { isPinned } from './images.mjs';
import { render } from './kustomize.mjs';
import { podProblems } from './pod-rules.mjs';
import { referenceProblems } from './reference-rules.mjs';
import { isResource, schemaProblems } from './resources.mjs';
import { unknownFieldProblems } from './unknown-fields.mjs';

const base = 'infra/kubernetes/base';
/** The environment of a machine without tools. */
const nothingOnPath = { PATH: '/nonexistent' };

/** Returns the documents of a base file with one change, and the accounts and settings that they name. */
function changed(file: string, from: string, to: string) {
  const text = readFileSync(path.join(base, file), 'utf8');
  expect(text).toContain(from);
  const others = ['service-accounts.yaml', 'settings.yaml'].map((each) => readFileSync(path.join(base, each), 'utf8'));
  return parseDocuments([text.replace(from, to), ...others].join('\n---\n'), file);
}

const ofPods = (documents: unknown[], isFinal = false): string[] => podProblems(documents.filter(isResource), { isFinal });
const ofReferences = (documents: unknown[]): string[] => referenceProblems(documents.filter(isResource));

describe('a Kubernetes document', () => {
  test('is refused with a value of the wrong type, and without a required field', () => {
    expect(changed('receiver.yaml', 'replicas: 2', "replicas: 'two'").flatMap(schemaProblems)).toEqual([
      expect.stringContaining('must be integer'),
    ]);
    expect(changed('worker-scaling.yaml', 'name: darkroom-worker }', 'kind: Deployment }').flatMap(schemaProblems)).toEqual([
      expect.stringContaining('must have required property name'),
    ]);
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
    ['worker-scaling.yaml', 'name: darkroom-worker }', 'name: other }', 'no Deployment "other"'],
  ])('in %s: %s', (file, from, to, problem) => {
    expect(ofReferences(changed(file, from, to)).join('\n')).toContain(problem);
  });
});

test('the check finds two deployments with one Redis user', () => {
  const documents = [
    ...changed('receiver.yaml', 'redis-url-receiver', 'redis-url-worker'),
    ...changed('worker.yaml', 'redis-url-worker', 'redis-url-worker'),
  ];
  expect(ofReferences(documents).join('\n')).toMatch(/darkroom-worker.*has the Redis user of .*darkroom-receiver/);
});

describe('rendering', () => {
  test('without kubectl and kustomize the check reads the files as they stand, and says so', () => {
    const { documents, notChecked } = render('infra/kubernetes/overlays/example', nothingOnPath);
    expect(documents.filter(isResource).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['Deployment', 'ScaledObject', 'ExternalSecret', 'Ingress']),
    );
    expect(notChecked).toEqual([expect.stringContaining('neither kubectl nor kustomize is on PATH')]);
  });

  test('a missing file is an error', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-kustomize-'));
    try {
      writeFileSync(path.join(folder, 'kustomization.yaml'), 'resources: [missing.yaml]\n');
      expect(() => render(folder, nothingOnPath)).toThrow('"missing.yaml", which does not exist');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the compose file', () => {
  /** @returns the problems after one change. */
  function problemsAfter(from: string, to: string): string {
    const text = readFileSync('docker-compose.yml', 'utf8');
    expect(text).toContain(from);
    const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-compose-'));
    try {
      const file = path.join(folder, 'docker-compose.yml');
      writeFileSync(file, text.replace(from, to));
      return composeProblems(file).join('\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test.each([
    ['image: valkey/valkey:8.1-bookworm', 'image: valkey/valkey:latest', 'without a fixed version'],
    ['image: valkey/valkey:8.1-bookworm', 'imag: valkey/valkey', 'additionalProperty'],
    ['restart: unless-stopped\n    volumes:', "restart: 'no'\n    volumes:", 'does not restart after it ends'],
    ["'127.0.0.1:${VALKEY_PORT:-6379}:6379'", "'6379:6379'", 'opens 6379:6379 to the network'],
    ['storage: { condition: service_healthy }', 'storage: { condition: service_started }', 'must wait until "storage" is healthy'],
    ['    stop_grace_period: 20s\n', '', 'has no stop_grace_period'],
    ['redis://darkroom-receiver:', 'redis://darkroom-worker:', 'service "worker": has the Redis user of "receiver"'],
    ['redis://darkroom-dashboard:${REDIS_DASHBOARD_PASSWORD:?set it in .env}@', 'redis://', 'connects to Redis without a user of its own'],
  ])('with "%s" changed to "%s" is refused', (from, to, problem) => {
    expect(problemsAfter(from, to)).toContain(problem);
  });
});

test('an image is pinned by a version or a digest', () => {
  for (const image of ['valkey/valkey:8.1-bookworm', 'node:24-bookworm-slim', `x@sha256:${'a'.repeat(64)}`, 'registry:5000/x:1'])
    expect(isPinned(image), image).toBe(true);
  for (const image of ['valkey/valkey', 'x:latest', 'registry:5000/x', 'x:stable']) expect(isPinned(image), image).toBe(false);
});

test.each([
  ['USER 1000:1000', 'USER root', 'a number other than 0'],
  ['ENTRYPOINT ["node", "--enable-source-maps"]', 'ENTRYPOINT node --enable-source-maps', 'must start node itself'],
  ['FROM node:24-bookworm-slim AS build', 'FROM node:24-alpine AS build', 'different bases'],
  ['COPY --from=build /image ./', 'COPY --from=build /darkroom ./', 'does not copy the folder'],
])('the Dockerfile with "%s" changed to "%s" is refused', (from, to, problem) => {
  const text = readFileSync('Dockerfile', 'utf8');
  expect(problemsOf(text)).toEqual([]);
  expect(problemsOf(text.replace(from, to)).join('\n')).toContain(problem);
});
