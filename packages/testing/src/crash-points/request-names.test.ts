import { expect, test } from 'vitest';
import { nameCommand, nameHttpRequest } from './request-names.ts';

const id = '01a2040c-a8e6-7003-970c-2b93c4755122';

test.each([
  [['get', `{darkroom}:x:${id}`], 'redis GET {darkroom}:x:<id>'],
  [['PING'], 'redis PING'],
  [['evalsha', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', '1', '{darkroom}:wait'], 'redis EVALSHA e0e1f9fa {darkroom}:wait'],
  [['evalsha', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', '0'], 'redis EVALSHA e0e1f9fa'],
])('names %j %s', (words, name) => expect(nameCommand(words)).toBe(name));

test('a script has the same name whether it is sent whole or by its hash', () => {
  const sum = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db'; // sha1 of "return 1"
  expect(nameCommand(['EVAL', 'return 1', '1', 'k'])).toBe(nameCommand(['EVALSHA', sum, '1', 'k']));
});

test.each([
  [
    `PUT /darkroom/records/2026-11-26/${id}/0-1.intent.json?x-id=PutObject HTTP/1.1\r\nhost: a\r\n\r\n{}`,
    's3 PUT /darkroom/records/<date>/<id>/0-1.intent.json',
  ],
  ['GET /darkroom?list-type=2&prefix=records%2F2026-11-26%2F HTTP/1.1\r\n\r\n', 's3 GET /darkroom of records/<date>/'],
  ['{"positivePrompt":"GET / HTTP/1.1"}', undefined],
])('names %j %s', (text, name) => expect(nameHttpRequest('s3', text)).toBe(name));
