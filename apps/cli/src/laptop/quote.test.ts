import { expect, test } from 'vitest';
import { describeQuote, findCapProblem, laptopCap } from './quote.ts';

test('the quote is exact, and says whether real money is spent', () => {
  const real = describeQuote({ apiKey: 'secret', url: 'https://api.runware.ai/v1' }).join('\n');
  expect(real).toMatch(/Neon Rain Alley Portrait +0\.02 USD\n +together, at most +0\.06 USD/);
  expect(real).toContain('This is real money');
  expect(real).not.toContain('secret');
  expect(describeQuote({ apiKey: 'k', url: 'http://localhost:8787/v1' }).join('\n')).toContain('no real money');
});

test('the cap comes from the command line, else from the environment, else is one dollar', () => {
  expect(laptopCap(500_000_000, { DAILY_CAP_USD: '25' })).toBe('0.5');
  expect(laptopCap(undefined, { DAILY_CAP_USD: '25' })).toBe('25');
  expect(laptopCap(undefined, { DAILY_CAP_USD: ' ' })).toBe('1');
});

test('only a cap that is lower than the price of the examples is a problem', () => {
  expect(findCapProblem('0.06')).toBeUndefined();
  expect(findCapProblem('0.059')).toContain('raise --max-usd');
  // the worker reports a cap that is no amount
  expect(findCapProblem('plenty')).toBeUndefined();
});
