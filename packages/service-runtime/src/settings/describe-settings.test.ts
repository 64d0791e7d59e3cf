import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeSettings } from './describe-settings.ts';
import { listenSettings, redisSettings } from './groups.ts';
import { spendSettings } from './spend.ts';
import { timingSettings } from './timing.ts';
import { webhookSettings } from './webhook.ts';

test('describes a variable by the message for a wrong value', () => {
  expect(describeSettings({ redis: redisSettings, listen: listenSettings(3001) })).toEqual([
    { name: 'REDIS_URL', isRequired: true, allowed: 'a URL that starts with redis://, rediss://, redis-sentinel:// or redis-cluster://' },
    { name: 'DARKROOM_PREFIX', isRequired: false, default: '{darkroom}', allowed: 'a prefix with one hash tag, such as "{darkroom}"' },
    { name: 'HOST', isRequired: false, default: '127.0.0.1', allowed: 'a host name or address to listen on' },
    { name: 'PORT', isRequired: false, default: '3001', allowed: 'a whole number from 0 to 65535' },
  ]);
});

test('writes a default as in the environment, before any transformation', () => {
  expect(describeSettings({ spend: spendSettings })).toMatchObject([
    { name: 'DAILY_CAP_USD', isRequired: false },
    { name: 'MONTHLY_CAP_USD', isRequired: false },
    { name: 'TENANT_DAILY_CAP_USD', isRequired: false },
    { name: 'TENANT_MONTHLY_CAP_USD', isRequired: false },
  ]);
});

test('describes a variable of two schemas once, by the schema that parses it', () => {
  const names = describeSettings({ timing: timingSettings, webhook: webhookSettings }).map(({ name }) => name);
  expect(names.filter((name) => name === 'WEBHOOK_BASE_URL')).toHaveLength(1);
  expect(describeSettings({ webhook: webhookSettings, timing: timingSettings })[0]).toMatchObject({
    name: 'WEBHOOK_BASE_URL',
    allowed: 'a URL that starts with http:// or https://',
  });
});

test('describes no variables for a schema that reads none', () => {
  expect(describeSettings({ nothing: z.unknown() })).toEqual([]);
});
