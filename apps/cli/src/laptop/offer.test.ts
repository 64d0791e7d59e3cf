import { expect, test } from 'vitest';
import { describeOffer, findCapProblem, laptopCap } from './offer.ts';

test('the quote is exact, and says whether it is money', () => {
  const real = describeOffer({ apiKey: 'secret', url: 'https://api.runware.ai/v1' }).join('\n');
  expect(real).toMatch(/Neon Rain Alley Portrait +0\.02 USD\n +together, at most +0\.06 USD/);
  expect(real).toContain('This is real money');
  expect(real).not.toContain('secret');
  expect(describeOffer({ apiKey: 'k', url: 'http://localhost:8787/v1' }).join('\n')).toContain('no real money');
});

test('the cap is what the command line says, else the environment, else a dollar', () => {
  expect(laptopCap(500_000_000, { DAILY_CAP_USD: '25' })).toBe('0.5');
  expect(laptopCap(undefined, { DAILY_CAP_USD: '25' })).toBe('25');
  expect(laptopCap(undefined, { DAILY_CAP_USD: ' ' })).toBe('1');
});

test('a cap that the examples fit into is no problem', () => {
  expect(findCapProblem('0.06')).toBeUndefined();
  expect(findCapProblem('0.059')).toContain('raise --max-usd');
  // the worker says what is wrong with it
  expect(findCapProblem('plenty')).toBeUndefined();
});
