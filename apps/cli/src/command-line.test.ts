import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';
import { writeCompletion } from './commands/completion.ts';
import { longOf } from './commands/input.ts';
import { commands } from './commands/table.ts';

const parse = (...words: string[]) => parseCommandLine(words);
const valuesOf = (...words: string[]) => {
  const line = parse(...words);
  if (line.kind !== 'run') throw new Error(JSON.stringify(line));
  return { name: line.entry.name, ...line.values };
};

test('start spends no money without --buy', () => {
  expect(valuesOf('start')).toEqual({ name: 'start', once: false, buy: false });
  expect(valuesOf('start', '--once', '--buy', '--max-usd', '0.5', '--data-dir', '/elsewhere', '--redis=js')).toEqual({
    name: 'start',
    once: true,
    buy: true,
    maxUsd: 500_000_000,
    dataDir: '/elsewhere',
    redis: 'js',
  });
});

test('caps reads amounts, and none where there may be no cap', () => {
  expect(valuesOf('caps', '--day', '12.50', '--month', 'none')).toMatchObject({ day: 12_500_000_000, month: null, tenantDay: undefined });
});

test('tenant and limits read switches and bounds, and none', () => {
  expect(
    valuesOf('tenant', 'a:b', '--require-safety-check', 'on', '--withhold-flagged', 'off', '--retain-requests-days', 'none'),
  ).toMatchObject({
    tenant: 'a:b',
    requireSafetyCheck: true,
    withholdFlagged: null,
    retainRequestsDays: null,
    weight: undefined,
  });
  expect(valuesOf('limits', '--open-images', 'none', '--open-images-per-tenant', '7')).toMatchObject({
    openImages: null,
    openImagesPerTenant: 7,
  });
});

test('unknown lists the unknown outcomes, or decides one', () => {
  const generationId = '01890a5d-ac96-774b-bcce-b302099a8057';
  expect(valuesOf('unknown')).toMatchObject({ release: [] });
  expect(valuesOf('unknown', '--release', `${generationId}/3-2`, '--free')).toMatchObject({
    release: [{ generationId, index: 3, n: 2 }],
    free: true,
    charged: false,
  });
});

test('an absent option has the value that the help names', () => {
  expect(valuesOf('rebuild')).toMatchObject({ days: 35, skipCorrupt: false });
  expect(valuesOf('rebuild', '--days', '90', '--skip-corrupt')).toMatchObject({ days: 90, skipCorrupt: true });
  expect(valuesOf('pause')).toMatchObject({ reason: 'by an operator' });
  expect(valuesOf('probe', '--max-usd', '0.50', '--wait', '60', '--out', 'seen.json')).toMatchObject({
    maxUsd: 500_000_000,
    wait: 60,
    catcherPort: 0,
    out: path.resolve('seen.json'),
  });
});

test('every command takes --json', () => {
  for (const { name } of commands) {
    const line = parse(name, '--json');
    if (line.kind === 'wrong') expect(line.message, name).not.toContain('--json');
    else expect(line, name).toMatchObject({ kind: 'run', isJson: true });
  }
});

test('no word, "help" and --help print all commands by group, and the exit codes', () => {
  for (const words of [[], ['help'], ['--help'], ['-h']]) {
    const line = parse(...words);
    expect(line.kind, words.join(' ')).toBe('told');
    const text = 'text' in line ? line.text : '';
    for (const { name, group } of commands) expect(text).toMatch(new RegExp(`^${group}:[^]+^  ${name} `, 'm'));
    for (const code of [0, 1, 2, 3, 130]) expect(text).toMatch(new RegExp(`^ {2}${code} `, 'm'));
  }
});

test('the help of a command names its options, and its examples are command lines that are right', () => {
  for (const { name, options = {}, examples } of commands) {
    for (const words of [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
    ]) {
      const line = parse(...words);
      const text = 'text' in line ? line.text : '';
      expect(text, words.join(' ')).toContain(`Usage: darkroom ${name} `);
      for (const key of Object.keys(options)) expect(text).toContain(longOf(key));
      expect(text).not.toContain('darkroom help <command>');
    }
    expect(examples.length, name).toBeGreaterThan(0);
    for (const [example] of examples) {
      const typed = /darkroom ([^)>|]+)/.exec(example)?.[1] ?? '';
      const words = execFileSync('bash', ['-c', `printf '%s\\n' ${typed}`], { encoding: 'utf8' })
        .trimEnd()
        .split('\n');
      expect(parse(...words), example).toMatchObject({ kind: 'run', entry: { name } });
    }
  }
});

test('--version prints the version', () => {
  expect(parse('--version')).toMatchObject({ kind: 'told', text: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string });
});

test.each([
  [['begin'], 'darkroom: unknown command "begin"; see darkroom --help'],
  [['stauts'], 'darkroom: unknown command "stauts" (did you mean status?); see darkroom --help'],
  [['help', 'stauts'], 'darkroom: unknown command "stauts" (did you mean status?); see darkroom --help'],
  [['start', 'now'], 'darkroom start: too many words: it takes only options after its name; see darkroom start --help'],
  [['start', '--twice'], 'darkroom start: unknown option "--twice"'],
  [['start', '--dat-dir', 'x'], 'unknown option "--dat-dir" (did you mean --data-dir?); see darkroom start --help'],
  [['status', '--jsno'], '(did you mean --json?)'],
  [['spend', '--tenant', 'no spaces'], '--tenant must be 1 to 128 letters'],
  [['start', '--redis', 'docker'], '--redis must be one of binary, deb, js, got "docker"'],
  [['start', '--data-dir'], 'option "--data-dir <folder>" argument missing'],
  [['start', '--data-dir', '--once'], '--data-dir must have a value'],
  [['start', '--max-usd', '0'], '--max-usd must be an amount of US dollars such as 1 or 0.50, above 0, got "0"'],
  [['rebuild', '--days', '0'], '--days must be a whole number from 1 to 3650'],
  [['resume', '--kind', 'mood'], '--kind must be one of account, operator, got "mood"'],
  [['caps', '--day', 'none'], '--day must be an amount: the cap of a day over all tenants is always on'],
  [['limits', '--tasks', '0'], '--tasks must be a whole number from 1 to 1000000, got "0"'],
  [['limits', '--taks', '5'], 'unknown option "--taks" (did you mean --tasks?)'],
  [['limits', '--tasks', 'none'], '--tasks must be a whole number from 1 to 1000000, got "none"'],
  [['limits', '--open-images', '0'], '--open-images must be a whole number from 1 to 100000000, or none, got "0"'],
  [['tenant'], 'missing required argument "tenant"'],
  [['tenant', 'no spaces'], 'tenant must be 1 to 128 letters'],
  [['tenant', 'acme', 'other'], 'too many words: it takes <tenant> after its name'],
  [['tenant', 'acme', '--withhold-flagged', 'yes'], '--withhold-flagged must be one of on, off, got "yes"'],
  [['release', 'x', '0'], 'generationId must be the id of a generation'],
  [['pause', '--reason', 'x'.repeat(501)], '--reason may have at most 500 characters, got 501'],
  [['caps', '--tenant_day', '5'], '(did you mean --tenant-day?)'],
  [['caps', '--daily-cap-usd', '5'], '(did you mean --day?)'],
  [['unknown', '--free'], '--charged and --free need --release <submission>'],
  [['unknown', '--release', '0-1', '--free'], '--release must be a submission as unknown lists it, such as <generationId>/0-1, got "0-1"'],
  [['unknown', '--release', '01890a5d-ac96-774b-bcce-b302099a8057/0-1'], '--release needs --charged'],
  [['unknown', '--release', '01890a5d-ac96-774b-bcce-b302099a8057/0-1', '--free', '--charged'], '--release needs --charged'],
  [['probe'], 'name the most that it may spend'],
  [['probe', '--max-usd', '1', '--wait', '-1'], '--wait must be a whole number from 0 to 86400, got "-1"'],
  [['probe', '--max-usd', '1', '--catcher', 'here'], '--catcher must be a URL'],
  [['completion', 'basj'], 'shell must be one of bash, zsh, fish, got "basj"'],
  [['completion'], 'missing required argument "shell"; see darkroom completion --help'],
])('%j is refused in one line, which says where to read on', (words, message) => {
  const line = parse(...words);
  expect(line.kind).toBe('wrong');
  const said = 'message' in line ? line.message : '';
  expect(said).toContain(message);
  expect(said).not.toContain('\n');
  expect(said).toMatch(/; see darkroom( [a-z]+)? --help$/);
});

test('all wrong values are named at once, each in a line', () => {
  expect(parse('caps', '--month', '0', '--tenant-day', 'x', '--day=5', '--day=6')).toMatchObject({
    kind: 'wrong',
    message: expect.stringMatching(/--day is given twice.*\n.*--month must be .* or none, got "0"\n.*--tenant-day must .*; see /) as string,
  });
});

test('a message does not repeat an address typed in a wrong place, and cuts long words', () => {
  for (const address of ['redis://u:hunter2/x@h:6379', 'u:hunter2@h', 'https://h/?token=hunter2', "redis://u:it's-hunter2@h"]) {
    for (const words of [
      [address],
      ['start', address],
      ['start', '--redis', address],
      ['start', '--max-usd', address],
      ['resume', '--kind', address],
      ['limits', '--tasks', address],
      ['caps', '--month', address],
      ['unknown', '--release', address, '--free'],
      ['start', `--${address}`],
      ['completion', address],
      ['help', address],
    ])
      expect(JSON.stringify(parse(...words)), words.join(' ')).not.toContain('hunter2');
  }
  const long = parse('start', `--${'x'.repeat(10_000)}`);
  expect('message' in long && long.message.length).toBeLessThan(200);
});

test.each([
  ['limits', '--tasks', '1', '--tasks', '2'],
  ['start', '--once', '--once'],
  ['status', '--data-dir', 'a', '--data-dir=b'],
])('an option that is given twice is refused: %s %s', (...words) => {
  expect(parse(...words)).toMatchObject({ kind: 'wrong', message: expect.stringMatching(/--[a-z-]+ is given twice/) as string });
});

test.each([
  ['status', '--data-dir='],
  ['doctor', '--data-dir', ' '],
  ['pause', '--reason='],
])('an option without a value is refused: %s %s', (...words) => {
  expect(parse(...words)).toMatchObject({ kind: 'wrong', message: expect.stringMatching(/must have a value, and it is empty/) as string });
});

test('bash completes commands, options and values', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-completion-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'darkroom.bash');
  writeFileSync(file, writeCompletion('bash', commands));
  const complete = (...words: string[]): string[] =>
    execFileSync(
      'bash',
      ['-c', 'source "$0"; COMP_WORDS=(darkroom "$@"); COMP_CWORD=$#; _darkroom; printf "%s\\n" "${COMPREPLY[@]}"', file, ...words],
      {
        encoding: 'utf8',
      },
    )
      .trim()
      .split('\n');
  expect(complete('reb')).toEqual(['rebuild']);
  expect(complete('resume', '--k')).toEqual(['--kind']);
  expect(complete('resume', '--kind', '')).toEqual(['account', 'operator']);
  expect(complete('help', 'stat')).toEqual(['status']);
  for (const shell of ['zsh', 'fish'] as const) for (const { name } of commands) expect(writeCompletion(shell, commands)).toContain(name);
});
