import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readDocuments } from './documents.mjs';
import { render } from './kustomize.mjs';
import { isResource } from './resources.mjs';

const pages = [
  'README.md',
  'SECURITY.md',
  'infra/kubernetes/README.md',
  'infra/monitoring/README.md',
  'docker-compose.yml',
  '.env.example',
  ...['docs', 'docs/operations'].flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name))),
  ...['base', 'overlays/local'].flatMap((folder) =>
    readdirSync(`infra/kubernetes/${folder}`).map((name) => `infra/kubernetes/${folder}/${name}`),
  ),
].filter((file) => /\.(md|ya?ml|example)$/.test(file));

/** Finds every command of the pages that begins with these words, with the page that it stands on. */
const commandsWith = (pattern: RegExp) =>
  pages.flatMap((page) => [...readFileSync(page, 'utf8').matchAll(pattern)].map((match) => ({ page, words: match.slice(1) })));

test('each folder that a page gives to kubectl is there', () => {
  const folders = commandsWith(/kubectl (?:kustomize|apply -k) ([\w/.-]+)/g);
  expect(folders.length).toBeGreaterThan(2);
  for (const { page, words } of folders) {
    const [folder = ''] = words;
    const found = [folder, path.join(path.dirname(page), folder)].some((each) => existsSync(path.join(each, 'kustomization.yaml')));
    expect(found, `${page}: ${folder}`).toBe(true);
  }
});

test('each deployment, service and job that a page names in a command of kubectl is one of an overlay', () => {
  const resources = (render('infra/kubernetes/overlays/local') ?? []).filter(isResource);
  if (resources.length === 0) return; // no kubectl for this system
  const kinds = new Map([
    ['deploy', 'Deployment'],
    ['service', 'Service'],
    ['cronjob', 'CronJob'],
  ]);
  const named = commandsWith(/kubectl [^\n`]*?\b(deploy|service|cronjob)\/([\w-]+)/g);
  expect(named.length).toBeGreaterThan(4);
  for (const { page, words } of named) {
    const [kind = '', name = ''] = words;
    const names = resources.filter((each) => each.kind === kinds.get(kind)).map(({ metadata }) => metadata.name);
    expect(names, page).toContain(name);
  }
});

test('each service and profile that a page names in a command of compose is one of the file', () => {
  const { services } = readDocuments('docker-compose.yml')[0] as { services: Record<string, { profiles?: string[] }> }; // its schema is checked
  const named = commandsWith(/docker compose (?:run --rm|exec(?: -T)?|logs|up --detach --scale) ([a-z]+)/g);
  expect(named.length).toBeGreaterThan(3);
  for (const { page, words } of named) expect(Object.keys(services), page).toContain(words[0]);
  const profiles = Object.values(services).flatMap((service) => service.profiles ?? []);
  for (const { page, words } of commandsWith(/docker compose --profile ([a-z]+)/g)) expect(profiles, page).toContain(words[0]);
});
