import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listChecksums } from './release/checksums.mjs';
import { writeRelease } from './release/write-release.mjs';
import { testEnvironment } from './tasks/environment.mjs';

interface Sbom {
  metadata: { component: { version: string } };
  components: { name: string; group?: string; version: string; purl?: string; hashes?: unknown[]; licenses?: unknown[] }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-release-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Copies what a container engine would get of this tree: the files of git without those of .dockerignore, then what the first build step makes. */
function copyContext(): string {
  const context = path.join(temporaryFolder(), 'context');
  const ignored = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => /^[\w.]/.test(line));
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  const files = listed.filter((file) => existsSync(file) && !ignored.some((each) => file === each || file.startsWith(`${each}/`)));
  expect(files).toContain('pnpm-lock.yaml');
  for (const file of files) cpSync(file, path.join(context, file));
  symlinkSync(path.resolve('node_modules'), path.join(context, 'node_modules'));
  for (const folder of new Set(files.map((file) => /^(apps|packages)\/[^/]+/.exec(file)?.[0] ?? ''))) {
    if (existsSync(`${folder}/dist`)) cpSync(`${folder}/dist`, path.join(context, folder, 'dist'), { recursive: true });
  }
  return context;
}

test('two releases of one tree hold the same bytes, and the list of packages names what the image holds', { timeout: 300_000 }, () => {
  const first = path.join(temporaryFolder(), 'release');
  const written = writeRelease('.', first);
  const sums = readFileSync(path.join(first, 'SHA256SUMS'), 'utf8');

  // Again from other folders: no file may hold the path of the machine, and none may need what the Dockerfile does not copy.
  const image = path.join(temporaryFolder(), 'image');
  const built = spawnSync(process.execPath, ['scripts/build-image.mjs', image], { cwd: copyContext(), encoding: 'utf8' });
  expect([built.status, built.stderr]).toEqual([0, expect.any(String)]);
  expect(listChecksums(image)).toBe(readFileSync(path.join(first, 'image.sha256'), 'utf8'));
  const packed = spawnSync(process.execPath, ['scripts/pack.mjs'], { encoding: 'utf8' }).stdout.trim().split('\n').slice(-2);
  for (const tarball of packed) {
    const checksum = createHash('sha256').update(readFileSync(tarball)).digest('hex');
    expect(sums).toContain(`${checksum}  ${path.basename(tarball)}\n`);
  }

  expect(written.map((file) => path.relative(first, file))).toEqual(
    expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'NOTICE', 'SHA256SUMS', 'image', 'image.sha256', 'sbom.cdx.json']),
  );
  expect(written.filter((file) => file.endsWith('.tgz'))).toHaveLength(2);
  for (const file of written) expect(existsSync(file), file).toBe(true);
  const checked = spawnSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: first, encoding: 'utf8' });
  if (checked.error === undefined) expect([checked.status, checked.stdout]).toEqual([0, '']);
  writeFileSync(path.join(first, 'NOTICE'), 'other');
  expect(listChecksums(first, (file) => file === 'NOTICE')).not.toContain(sums.split('\n').find((line) => line.endsWith('  NOTICE')));

  const sbom = JSON.parse(readFileSync(path.join(first, 'sbom.cdx.json'), 'utf8')) as Sbom; // its schema is checked when it is written
  const bullmq = sbom.components.find(({ name }) => name === 'bullmq');
  expect(bullmq).toMatchObject({ purl: `pkg:npm/bullmq@${bullmq?.version}`, hashes: [{ alg: 'SHA-512' }], licenses: [expect.anything()] });
  expect(sbom.components.map(({ group, name }) => `${group}/${name}`)).toContain('@darkroom/worker');
  expect(sbom.components.map(({ name }) => name)).not.toContain('vitest');
  // Each library has a line in NOTICE, and no more.
  const notice = readFileSync('NOTICE', 'utf8');
  for (const { group, name, version, purl } of sbom.components.filter((each) => each.purl !== undefined)) {
    const inNotice = `${group === undefined ? '' : `${group}/`}${name.replace(/-(linux|linuxmusl)-(x64|arm64)$/, '-<platform>')} ${version} `;
    expect(notice, purl).toContain(inNotice);
  }
  const needs = sbom.dependencies.find(({ ref }) => ref.startsWith('@darkroom/queues@'));
  expect(needs?.dependsOn).toContain(`bullmq@${bullmq?.version}`);
});

test('a release names what keeps it from being made, in one line', { timeout: 60_000 }, () => {
  const root = temporaryFolder();
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const git = (...args: string[]) => spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: root });
  const env = testEnvironment(process.env);
  const release = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', ...args], { cwd: root, encoding: 'utf8', env });
    return [status, stderr.trim()];
  };
  cpSync('scripts', path.join(root, 'scripts'), { recursive: true });
  write('.gitignore', 'node_modules\n');
  write('package.json', '{ "name": "darkroom", "version": "0.3.0", "type": "module" }');
  write('CHANGELOG.md', '# Changelog\n\n## 0.2.0, unreleased\n');
  write('apps/worker/package.json', '{ "version": "0.3.0" }');
  write('packages/queues/package.json', '{ "version": "0.2.0" }');
  write('infra/kubernetes/overlays/example/kustomization.yaml', 'newTag: 0.3.0\n');
  write('Dockerfile', 'LABEL org.opencontainers.image.version="0.3.0"\n');
  symlinkSync(path.resolve('node_modules'), path.join(root, 'node_modules'));

  expect(release('--dry-run')).toEqual([1, 'this is no git repository: a release is made from a commit']);
  git('init', '--quiet');
  expect(release('--dry-run')).toEqual([
    1,
    expect.stringMatching(/^the tree is not clean: commit or remove \d+ changed files first, such as "/),
  ]);
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  expect(release('--dry-run')).toEqual([1, 'package.json has version 0.3.0, and the newest of CHANGELOG.md is 0.2.0']);
  write('CHANGELOG.md', '# Changelog\n\n## 0.3.0\n');
  git('commit', '--quiet', '-am', 'two');
  expect(release('--dry-run')).toEqual([1, 'package.json has version 0.3.0, and packages/queues/package.json 0.2.0']);
  expect(release()).toEqual([2, expect.stringMatching(/^nothing is published from here/)]);
});
