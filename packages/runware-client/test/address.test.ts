import { expect, test } from 'vitest';
import { setup, taskUUID } from './world.ts';

test('a slash at the end of the address makes no difference', async () => {
  await using world = await setup();
  await using other = await setup(undefined, { url: `${world.provider.url}/v1/` });
  await other.client.lookUp(taskUUID);
  expect(world.provider.seen.map(({ path }) => path)).toEqual(['/v1']);
});
