import { expect, test } from 'vitest';
import { createBalanceReader } from '../src/index.ts';
import { answerJson, answerText, reset, type Script } from './scripted-provider.ts';
import { apiKey, setup } from './world.ts';

const told = (balance: unknown): Script =>
  answerJson(200, { data: [{ taskType: 'accountManagement', balance, team: [{ email: 'a@example.com' }] }] });

test.for<[string, Script, number | undefined]>([
  ['a number', told(2450.75), 2_450_750_000_000],
  ['a text', told('0.1'), 100_000_000],
  ['a sum with the noise of floating point', told(0.1 + 0.2), 300_000_000],
  ['an overdrawn account', told(-1.5), -1_500_000_000],
  ['more than money here can hold', told(999_999_999), undefined],
  ['no balance', answerJson(200, { data: [{ taskType: 'accountManagement' }] }), undefined],
  ['words', told('much'), undefined],
  ['a refusal', answerJson(403, { errors: [{ code: 'permissionDenied' }] }), undefined],
  ['a page', answerText(200, '<html>'), undefined],
  ['nothing', reset, undefined],
])('reads %s', async ([, script, balance]) => {
  await using world = await setup(script);
  const reader = createBalanceReader({ url: `${world.provider.url}/v1`, apiKey, requestTimeoutMs: 2000 }, { now: Date.now });
  expect(await reader.readBalance()).toBe(balance);
  expect(world.provider.seen[0]?.body).toMatchObject([{ taskType: 'accountManagement', operation: 'getDetails' }]);
});
