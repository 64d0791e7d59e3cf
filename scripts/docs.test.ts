import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import * as contracts from '../packages/contracts/src/index.ts';
import { routes } from '../apps/api/src/routes/table.ts';
import { parseCommandLine } from '../apps/cli/src/command-line.ts';
import { renderCommands } from '../apps/cli/src/commands/reference-page.ts';
import { createTestingProducer } from '../packages/producer/src/testing/index.ts';
import * as store from '../packages/generation-store/src/index.ts';
import packageJson from '../package.json' with { type: 'json' };
import { documents, fillParts, renderAclFile, renderParts } from './docs/generated-parts.mjs';

const read = (file: string): string => readFileSync(file, 'utf8');
const parts = renderParts({
  ...contracts,
  ...store,
  firstJob: read('examples/first-job/first-job.mjs'),
  ownApi: read('examples/fastify/fastify.mjs'),
  commandLine: renderCommands(),
});
const under = (folder: string): string[] => readdirSync(folder).map((name) => path.join(folder, name));
const pages = [
  ...readdirSync('.'),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => path.join('docs', name)),
  path.join('examples', 'README.md'),
  ...['apps', 'packages', 'infra'].flatMap(under).map((folder) => path.join(folder, 'README.md')),
].filter((file) => file.endsWith('.md') && existsSync(file));

/** Returns the anchors that GitHub makes of a page's headings. */
const anchorsOf = (file: string): string[] =>
  [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('generated parts', () => {
  test.each(documents)('%s is up to date; otherwise run `npm run docs`', (file) => {
    expect(fillParts(read(file), parts)).toBe(read(file));
  });

  test('infra/redis/darkroom.acl names the rights that the code needs; otherwise run `npm run docs`', () => {
    expect(read('infra/redis/darkroom.acl')).toBe(renderAclFile(store));
  });

  test('each part is in some page', () => {
    const text = documents.map(read).join('\n');
    for (const name of Object.keys(parts)) expect(text).toContain(`<!-- generated: ${name} -->`);
  });

  test('an unknown part is an error', () => {
    expect(() => fillParts('<!-- generated: weather -->\n<!-- end -->', parts)).toThrow('there is no generated part "weather"');
  });

  test('a diagram begins at the first status and has one arrow for each move', () => {
    const diagram = parts['generation statuses'] ?? '';
    expect(diagram.match(/-->/g)).toHaveLength(1 + Object.values(contracts.generationMoves).flat().length);
    expect(diagram).toContain('[*] --> queued');
  });
});

describe('pages', () => {
  test.each(pages)('every link of %s has a target', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)/g)].map(([, link = '']) => link);
    for (const link of links) expect(existsSync(path.join(path.dirname(file), link)), `${file}: ${link}`).toBe(true);
  });

  test.each(pages)('every link of %s to a heading has one', (file) => {
    for (const [, link = '', anchor] of read(file).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)]+)\)/g)) {
      const target = link === '' ? file : path.join(path.dirname(file), link);
      expect(anchorsOf(target), `${file}: ${link}#${anchor}`).toContain(anchor);
    }
  });

  test.each(pages)('every `npm` command of %s is a script of package.json', (file) => {
    const commands = [...read(file).matchAll(/`[^`\n]*\bnpm (run )?([a-z:]+)[^`\n]*`|^\s*npm (run )?([a-z:]+)/gm)].map(
      (match) => match[2] ?? match[4],
    );
    // What a caller of the package types in an app of their own is a command of npm itself.
    for (const command of commands.filter((each) => each !== 'install'))
      expect(Object.keys(packageJson.scripts), `${file}: npm ${command}`).toContain(command);
  });

  test('each path in CONTRIBUTING.md exists', () => {
    const paths = [...read('CONTRIBUTING.md').matchAll(/`((?:apps|packages|scripts|docs|infra|examples)\/[^`\s]+)`/g)].map(
      ([, each = '']) => each,
    );
    expect(paths.length).toBeGreaterThan(50);
    for (const each of paths) expect(existsSync(each), each).toBe(true);
  });

  test('docs/proof.md has a row for each proof', () => {
    const isProof = (file: string): boolean => file.endsWith('.prove.test.ts');
    const proofs = ['apps', 'packages'].flatMap(under).flatMap((room) =>
      ['src', 'test', 'e2e']
        .map((folder) => path.join(room, folder))
        .filter((folder) => existsSync(folder))
        .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name))),
    );
    const named = [...read('docs/proof.md').matchAll(/^\| `([^`]+\.prove\.test\.ts)` \|/gm)].map(([, file = '']) => file);
    expect(named.toSorted()).toEqual(proofs.filter(isProof).toSorted());
  });

  test('the map of folders names each existing folder once, and no other', () => {
    const named = [...read('README.md').matchAll(/^\| `((?:apps|packages|examples)\/[\w-]+)` /gm)].map(([, folder = '']) => folder);
    const there = ['apps', 'packages', 'examples']
      .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
      .filter((folder) => existsSync(path.join(folder, 'package.json')));
    expect(named.toSorted()).toEqual(there.toSorted());
  });

  test('every class of errors has a row in docs/errors.md', () => {
    const classes = Object.entries(contracts).filter(
      ([, value]) => typeof value === 'function' && value.prototype instanceof contracts.DarkroomError,
    );
    expect(classes.length).toBeGreaterThan(5);
    for (const [name] of classes) expect(read('docs/errors.md')).toContain(`| \`${name}\` |`);
  });
});

describe('docs/features.md names only what exists', () => {
  const spans = [...read('docs/features.md').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);

  test.each(spans.filter((span) => span.startsWith('darkroom ')))('%s', (line) => {
    const words = [...line.slice('darkroom '.length).matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    expect(parseCommandLine(words)).toMatchObject({ kind: 'run' });
  });

  test.each(spans.filter((span) => /^(GET|POST|PATCH|DELETE) /.test(span)))('%s', (span) => {
    const known = [...routes.map(({ method, path: route }) => `${method} ${route}`), 'GET /v1/openapi.json'];
    expect(known).toContain(span);
  });

  const producer = createTestingProducer();
  test.each(spans.flatMap((span) => /^(?:producer|images)\.\w+/.exec(span) ?? []))('%s', (call) => {
    const [owner = '', method = ''] = call.split('.');
    expect(Object.keys(owner === 'producer' ? producer : producer.images)).toContain(method);
  });
});
