import { parameters, responseFields } from '@darkroom/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inputRows } from './model-page/input-rows.ts';
import { outputRows } from './model-page/output-rows.ts';
import { responseRows } from './model-page/response-rows.ts';
import { sizeRows } from './model-page/size-rows.ts';
import { taskRows } from './model-page/task-rows.ts';
import { startPageWorld, type PageWorld } from './model-page/world.ts';

/** Every row of the model's page, through real processes: Darkroom buys, keeps, reports and charges what the caller asked for. */

let world: PageWorld;
beforeAll(async () => {
  world = await startPageWorld();
});
afterAll(() => world.stop());

const groups = { taskRows, outputRows, inputRows, sizeRows, responseRows };
const rows = Object.values(groups).flatMap((group) => Object.entries(group));

describe('the model page', () => {
  test.each(rows)('%s', (_row, run) => run(world));

  test('has no row without a test', () => {
    const names = [...Object.keys(parameters), ...Object.keys(responseFields).map((field) => `response ${field}`)];
    expect(rows.map(([row]) => row.split(':')[0])).toEqual(expect.arrayContaining(names));
  });
});
