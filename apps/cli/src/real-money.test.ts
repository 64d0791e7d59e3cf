import { expect, test } from 'vitest';
import { refuseRealMoney } from './real-money.ts';

test('the refusal names the exact price of the three examples, and the way without a key', () => {
  expect(refuseRealMoney()).toContain('the 3 example images would cost 0.06 USD');
  expect(refuseRealMoney()).toContain('env -u RUNWARE_API_KEY npm start');
});
