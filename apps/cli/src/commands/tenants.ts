import { defined, MAX_RELEASE_REASON, MAX_RETAIN_DAYS, MAX_TENANT_WEIGHT } from '@darkroom/contracts';
import { defineCommand, findingOptions } from './command.ts';
import { argument, option } from './input.ts';
import { readGenerationId, readSwitch, readTenant, readWhole, readWholeOrNone, readWords } from './read-value.ts';

const switches = { choices: ['on', 'off'] };

export const tenantCommand = defineCommand({
  name: 'tenant',
  group: 'Operation',
  summary: 'shows the rules of a tenant, or changes the named ones',
  arguments: { tenant: argument('name of the tenant', readTenant) },
  options: {
    requireSafetyCheck: option('switch', 'each request must ask for the content check', readSwitch, switches),
    withholdFlagged: option('switch', 'images that the check does not clear stay unseen until released', readSwitch, switches),
    weight: option('n', 'its share of the workers, 1 to 100; 1 when never set', readWhole(1, MAX_TENANT_WEIGHT)),
    retainRequestsDays: option('n', 'its requests are erased after so many days; or none', readWholeOrNone(1, MAX_RETAIN_DAYS)),
    retainImagesDays: option('n', 'its images are erased after so many days; or none', readWholeOrNone(1, MAX_RETAIN_DAYS)),
    ...findingOptions,
  },
  examples: [
    ['darkroom tenant acme', 'shows the rules of acme'],
    ['darkroom tenant acme --weight 3 --retain-images-days 30', 'changes two of them'],
  ],
  run: async ({ dataDir, tenant, ...given }, context) =>
    (await import('../operate/tenant.ts')).runTenant({ dataDir, tenant, change: defined(given) }, context),
});

export const releaseCommand = defineCommand({
  name: 'release',
  group: 'Operation',
  summary: 'tells where a withheld image lies; with a reason, lets it be seen',
  arguments: {
    generationId: argument('id of the generation', readGenerationId),
    index: argument('index of the image in it, from 0', readWhole(0, 99)),
  },
  options: { reason: option('text', 'why it may be seen; S3 keeps it', readWords(MAX_RELEASE_REASON)), ...findingOptions },
  examples: [['darkroom release 01890a5d-ac96-774b-bcce-b302099a8057 0 --reason "seen by a person"', 'lets the first image be seen']],
  run: async (values, context) => (await import('../operate/release.ts')).runRelease(values, context),
});

export const withheldCommand = defineCommand({
  name: 'withheld',
  group: 'Operation',
  summary: 'lists the withheld images that wait for a release',
  options: { ...findingOptions },
  examples: [['darkroom withheld', 'lists the oldest first']],
  run: async (values, context) => (await import('../operate/withheld.ts')).runWithheld(values, context),
});
