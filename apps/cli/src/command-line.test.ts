import path from 'node:path';
import { expect, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';
import { helpText } from './help-text.ts';

const parse = (...words: string[]) => parseCommandLine(words);

test('start spends no money without --buy', () => {
  expect(parse('start')).toEqual({ kind: 'start', once: false, buy: false });
  expect(parse('start', '--once', '--buy', '--max-usd', '0.5', '--data-dir', '/elsewhere', '--redis=js')).toEqual({
    kind: 'start',
    once: true,
    buy: true,
    maxNanoUsd: 500_000_000,
    dataDir: '/elsewhere',
    redis: 'js',
  });
});

test('pause takes a reason; resume ends one kind of pause or all', () => {
  expect(parse('pause', '--reason', 'maintenance')).toEqual({ kind: 'pause', reason: 'maintenance' });
  expect(parse('resume')).toEqual({ kind: 'resume', kinds: ['account', 'operator'] });
  expect(parse('resume', '--kind', 'account')).toEqual({ kind: 'resume', kinds: ['account'] });
});

test('spend covers all tenants, or one', () => {
  expect(parse('spend')).toEqual({ kind: 'spend' });
  expect(parse('spend', '--tenant', 'acme')).toEqual({ kind: 'spend', tenant: 'acme' });
});

test('tenant shows the rules of a tenant, or changes the named ones', () => {
  expect(parse('tenant', 'acme')).toEqual({ kind: 'tenant', tenant: 'acme', change: {} });
  expect(parse('tenant', 'a:b', '--require-safety-check', 'on', '--withhold-flagged', 'off', '--retain-requests-days', 'none')).toEqual({
    kind: 'tenant',
    tenant: 'a:b',
    change: { requireSafetyCheck: true, withholdFlagged: null, retainRequestsDays: null },
  });
  expect(parse('limits', '--open-images', 'none', '--open-images-per-tenant', '7')).toEqual({
    kind: 'limits',
    change: { openImages: null, openImagesPerTenant: 7 },
  });
});

test('unknown lists the unknown outcomes, or decides one', () => {
  const generationId = '01890a5d-ac96-774b-bcce-b302099a8057';
  expect(parse('unknown')).toEqual({ kind: 'unknown' });
  expect(parse('unknown', '--release', `${generationId}/3-2`, '--free')).toEqual({
    kind: 'unknown',
    release: { generationId, index: 3, n: 2 },
    decision: 'free',
  });
});

test('rebuild restores 35 days and skips nothing, unless the options say otherwise', () => {
  expect(parse('rebuild')).toEqual({ kind: 'rebuild', days: 35, skipDamaged: false });
  expect(parse('rebuild', '--days', '90', '--skip-corrupt')).toEqual({ kind: 'rebuild', days: 90, skipDamaged: true });
});

test('probe takes its limit from --max-usd', () => {
  expect(parse('probe', '--max-usd', '0.50', '--wait', '60')).toEqual({
    kind: 'probe',
    maxNanoUsd: 500_000_000,
    waitMs: 60_000,
    catcherPort: 0,
  });
});

test('probe writes to the file of --out', () => {
  expect(parse('probe', '--max-usd', '0.50', '--out', 'seen.json')).toMatchObject({ out: path.resolve('seen.json') });
  expect(parse('probe', '--max-usd', '0.50', '--out', '')).toMatchObject({ kind: 'wrong' });
});

test('no word, "help", --help and -h ask for help', () => {
  for (const words of [[], ['help'], ['--help'], ['start', '-h']]) expect(parse(...words), words.join(' ')).toEqual({ kind: 'help' });
});

test.each([
  [
    ['begin'],
    'there is no command "begin"; there are: start, status, spend, caps, limits, tenant, release, doctor, unknown, reconcile, pause, resume, rebuild, probe, help',
  ],
  [['start', 'now'], 'start takes no arguments, got "now"'],
  [['stauts'], 'there is no command "stauts" (did you mean "status"?)'],
  [['start', '--twice'], 'start has no option "--twice"; it has --once, --buy'],
  [['start', '--dat-dir', 'x'], 'start has no option "--dat-dir" (did you mean "--data-dir"?)'],
  [['spend', '--tenant', 'no spaces'], '--tenant must be 1 to 128 letters'],
  [['start', '--redis', 'docker'], '--redis must be one of binary, deb, js, got "docker"'],
  [['start', '--data-dir'], 'argument missing'],
  [['start', '--max-usd', '0'], '--max-usd must be an amount of US dollars such as 1 or 0.50, above 0, got "0"'],
  [['rebuild', '--days', '0'], '--days must be a whole number from 1 to 3650'],
  [['resume', '--kind', 'mood'], '--kind must be one of account, operator, got "mood"'],
  [['caps', '--day', 'none'], '--day must be an amount: the cap of a day over all tenants is always on'],
  [
    ['caps', '--month', '0', '--tenant-day', 'x'],
    '--month must be an amount of US dollars above 0, such as 25 or 12.50, or none, got "0"\n--tenant-day',
  ],
  [['limits', '--tasks', '0'], '--tasks must be a whole number from 1 to 1000000, got "0"'],
  [['limits', '--taks', '5'], 'limits has no option "--taks" (did you mean "--tasks"?)'],
  [
    ['limits', '--tasks', 'none', '--open-images', '0'],
    '--tasks must be a whole number from 1 to 1000000, got "none"\n--open-images must be a whole number from 1 to 100000000, or none, got "0"\nno limit was changed',
  ],
  [['tenant'], 'tenant takes the name of a tenant, which must be 1 to 128 letters'],
  [['tenant', 'acme', 'other'], 'tenant takes <tenant>, got "acme other"'],
  [
    ['tenant', 'acme', '--weight', '101', '--withhold-flagged', 'yes', '--retain-images-days', '0'],
    '--withhold-flagged must be one of on, off, got "yes"\n--weight must be a whole number from 1 to 100, got "101"\n--retain-images-days must be a whole number from 1 to 36500, or none, got "0"\nno rule was changed',
  ],
  [['pause', '--reason', 'x'.repeat(501)], '--reason may have at most 500 characters, got 501'],
  [['caps', '--tenant_day', '5'], 'caps has no option "--tenant_day" (did you mean "--tenant-day"?)'],
  [['unknown', '--free'], '--release must be a submission as unknown lists it'],
  [['unknown', '--release', '0-1', '--free'], '--release must be a submission as unknown lists it, such as <generationId>/0-1, got "0-1"'],
  [['unknown', '--release', '01890a5d-ac96-774b-bcce-b302099a8057/0-1'], '--release needs --charged'],
  [['unknown', '--release', '01890a5d-ac96-774b-bcce-b302099a8057/0-1', '--free', '--charged'], '--release needs --charged'],
  [['probe'], 'name the most that it may spend'],
  [['probe', '--max-usd', '1', '--wait', '-1'], "'--wait' argument is ambiguous"],
  [['probe', '--max-usd', '1', '--catcher', 'here'], '--catcher must be a URL'],
])('%j is refused with the reason and the help', (words, message) => {
  const command = parse(...words);
  expect(command.kind).toBe('wrong');
  expect('message' in command && command.message).toContain(message);
  expect('message' in command && command.message).toContain(helpText);
});

test('a message does not repeat an address typed in a wrong place, and cuts long words', () => {
  for (const address of ['redis://u:hunter2/x@h:6379', 'u:hunter2@h', 'https://h/?token=hunter2']) {
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
    ])
      expect(JSON.stringify(parseCommandLine(words)), words.join(' ')).not.toContain('hunter2');
  }
  expect(JSON.stringify(parseCommandLine(['start', 'x'.repeat(10_000)])).length).toBeLessThan(
    JSON.stringify(parseCommandLine(['start', 'x'])).length + 100,
  );
});

test.each([
  ['caps', '--day=5', '--day=50'],
  ['limits', '--tasks', '1', '--tasks', '2'],
  ['resume', '--kind', 'account', '--kind', 'operator'],
  ['start', '--once', '--once'],
  ['status', '--data-dir', 'a', '--data-dir=b'],
])('an option that is given twice is refused: %s %s %s', (...words) => {
  expect(parse(...words)).toMatchObject({ kind: 'wrong', message: expect.stringMatching(/takes --[a-z-]+ once, and it is given twice/) });
});

test.each([
  ['status', '--data-dir='],
  ['doctor', '--data-dir', ' '],
  ['spend', '--tenant='],
  ['pause', '--reason='],
  ['rebuild', '--days='],
  ['probe', '--max-usd', '1', '--out='],
])('an option without a value is refused: %s %s', (...words) => {
  expect(parse(...words)).toMatchObject({ kind: 'wrong', message: expect.stringMatching(/--[a-z-]+ must have a value, and it is empty/) });
});

test.each(['--daily', '--daily-cap-usd', '--dya'])('%s is guessed to be --day', (option) => {
  expect(parse('caps', option, '5')).toMatchObject({ kind: 'wrong', message: expect.stringContaining('(did you mean "--day"?)') });
});
