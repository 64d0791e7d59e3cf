import {
  defined,
  isEndpointId,
  notificationStatuses,
  notificationTypes,
  parseNotificationId,
  REQUESTS_ENDPOINT,
} from '@darkroom/contracts';
import { defineCommand, findingOptions } from './command.ts';
import { readTime } from './filters.ts';
import { flag, option, optionalArgument, optionOr, WrongValue, type Reader } from './input.ts';
import { readChoice, readLine, readTenant, readText, readWhole, shown } from './read-value.ts';

const MAX_DESCRIPTION = 256;

const readEndpointId: Reader<string> = (text, name) => {
  if (isEndpointId(text) || text === REQUESTS_ENDPOINT) return text;
  throw new WrongValue(`${name} must be the id of an endpoint as webhooks lists it, or "${REQUESTS_ENDPOINT}", got ${shown(text)}`);
};

const readNotificationId: Reader<string> = (text, name) => {
  if (parseNotificationId(text) !== undefined) return text;
  throw new WrongValue(`${name} must be the id of a notification as notifications lists it, got ${shown(text)}`);
};

const readEvents: Reader<string[]> = (text, name) => text.split(',').map((word) => readChoice(notificationTypes)(word, name));

/** Options of which one command takes one. */
const actions = ['create', 'enable', 'disable', 'secret', 'rotate', 'test', 'resendFailed', 'delete'] as const;

export const webhooksCommand = defineCommand({
  name: 'webhooks',
  group: 'Images',
  summary: 'lists the receivers of notifications of a tenant, adds one, or changes one',
  details: [
    'A change is recorded in S3 by a worker within seconds; the command waits for that, and its exit code is 1 without it.',
    'Secrets are told with NOTIFICATION_KEYS, the master keys of the notifier; a start on this machine has its own.',
    'The endpoint "requests" stands for the receivers that requests name by webhookURL: it has a secret, and failed notifications.',
  ],
  arguments: { endpointId: optionalArgument('id of the endpoint', readEndpointId) },
  options: {
    create: option('url', 'adds an endpoint, and prints its secret', readText),
    url: option('url', 'gives the endpoint another address', readText),
    events: option('list', 'kinds that it gets, with commas between them; the ends of generations when never named', readEvents),
    description: option('text', 'your own words', readLine(MAX_DESCRIPTION)),
    enable: flag('lets it get notifications again'),
    disable: flag('lets it get nothing from now on'),
    secret: flag('prints the secret that verifies what it gets'),
    rotate: flag('makes another secret; the old one signs too, for 24 hours'),
    test: flag('sends a notification of the kind endpoint.test, and waits for its attempt'),
    resendFailed: option('time', 'sends again what has failed since then', readTime),
    delete: flag('deletes it'),
    tenant: option('name', 'tenant of the endpoints; default when absent', readTenant),
    ...findingOptions,
  },
  examples: [
    ['darkroom webhooks --create https://shop.example/darkroom --tenant acme', 'adds a receiver of acme'],
    ['darkroom webhooks we_0f3c5a7d9e1b2c4d6f8091a2b3c4d5e6 --test', 'tries it'],
    ['darkroom webhooks we_0f3c5a7d9e1b2c4d6f8091a2b3c4d5e6 --resend-failed 2026-11-30', 'sends again what failed since that day'],
  ],
  check({ endpointId, url, events, description, ...values }) {
    const named = actions.filter((action) => values[action] !== undefined && values[action] !== false);
    const isCreate = named.includes('create');
    const isChange = url !== undefined || events !== undefined || description !== undefined;
    return [
      ...(named.length > 1
        ? [`webhooks takes one of ${named.map((name) => `--${name === 'resendFailed' ? 'resend-failed' : name}`).join(', ')}`]
        : []),
      ...(isCreate && endpointId !== undefined ? ['--create makes an endpoint of its own: name no id'] : []),
      ...(isCreate && url !== undefined ? ['--create brings the address: leave --url out'] : []),
      ...(endpointId === undefined && !isCreate && (named.length > 0 || isChange) ? ['the id of an endpoint is missing'] : []),
      ...(isChange && named.some((name) => !['create', 'enable', 'disable'].includes(name))
        ? ['--url, --events and --description stand with --create, --enable, --disable, or alone']
        : []),
    ];
  },
  run: async (values, context) => (await import('../webhooks/run-webhooks.ts')).runWebhooks(values, context),
});

export const notificationsCommand = defineCommand({
  name: 'notifications',
  group: 'Images',
  summary: 'lists what was sent to the receivers of a tenant, shows one, or sends one again',
  details: ['Lists the last 10,000, the newest first. The exit code is 3 if the one that is shown has failed.'],
  arguments: { notificationId: optionalArgument('id of the notification', readNotificationId) },
  options: {
    resend: flag('sends it again, under the same webhook-id'),
    endpoint: option('id', 'those of this endpoint, or of "requests"', readEndpointId),
    status: option('status', 'those of this status', readChoice(notificationStatuses), { choices: notificationStatuses }),
    limit: optionOr(20, 'n', 'at most so many; 20 when absent', readWhole(1, 100)),
    cursor: option('cursor', 'goes on after the page that named it, with the same options', readText),
    tenant: option('name', 'tenant of the notifications; default when absent', readTenant),
    ...findingOptions,
  },
  examples: [
    ['darkroom notifications --status failed --tenant acme', 'lists what no receiver of acme took'],
    [
      'darkroom notifications 01890a5d-ac96-774b-bcce-b302099a8057-succeeded_we_0f3c5a7d9e1b2c4d6f8091a2b3c4d5e6 --resend',
      'sends one again',
    ],
  ],
  check: ({ notificationId, resend, endpoint, status, cursor }) => [
    ...(resend && notificationId === undefined ? ['--resend takes the id of a notification'] : []),
    ...(notificationId !== undefined && Object.keys(defined({ endpoint, status, cursor })).length > 0
      ? ['--endpoint, --status and --cursor are of the list: name no id']
      : []),
  ],
  run: async (values, context) => (await import('../webhooks/run-notifications.ts')).runNotifications(values, context),
});
