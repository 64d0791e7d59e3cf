import { expect, test } from 'vitest';
import { drawBars } from './chart.ts';

test('the longest bar takes the whole width, and the parts of the others their share', () => {
  const svg = drawBars('Cost', 'ms', [
    {
      name: 'a & b',
      parts: [
        { name: 'worker', value: 3 },
        { name: 'redis', value: 1 },
      ],
    },
    { name: 'c', parts: [{ name: 'worker', value: 2 }] },
  ]);
  expect([...svg.matchAll(/width="([\d.]+)" height="22"/g)].map(([, width]) => width)).toEqual(['360.0', '120.0', '240.0']);
  expect(svg).toContain('a &amp; b');
});
