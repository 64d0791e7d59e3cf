import { defined } from '@darkroom/contracts';
import type { WebhookEndpointChange, WebhookEndpointWithSecret } from '@darkroom/producer';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { ClientEndpoints } from '../images/client.ts';
import { withClient } from '../images/open-client.ts';
import { describeAttempts, describeEndpoint } from './describe-webhooks.ts';
import { untilAttempted, untilRecorded } from './until-done.ts';

interface WebhooksValues {
  readonly dataDir: string | undefined;
  readonly tenant: string | undefined;
  readonly endpointId: string | undefined;
  readonly create: string | undefined;
  readonly url: string | undefined;
  readonly events: readonly string[] | undefined;
  readonly description: string | undefined;
  readonly enable: boolean;
  readonly disable: boolean;
  readonly secret: boolean;
  readonly rotate: boolean;
  readonly test: boolean;
  readonly resendFailed: Date | undefined;
  readonly delete: boolean;
}

/** Lists the endpoints of a tenant, adds one, or changes one. @throws InvalidRequestError, WebhookEndpointError, QueueUnavailableError */
export const runWebhooks = (values: WebhooksValues, context: CommandContext): Promise<ExitCode> =>
  withClient(values, context, async (client) => {
    const endpoints = client.endpoints();
    const { endpointId, create, url } = values;
    const change = defined({ url, events: values.events, description: values.description }) as WebhookEndpointChange; // kinds were read by their words
    if (create !== undefined) return shownWhenRecorded(await endpoints.create({ ...change, url: create }), endpoints, context);
    if (endpointId === undefined) {
      const all = await endpoints.list();
      context.answer({ endpoints: all }, all.length === 0 ? ['none; add one with webhooks --create <url>'] : all.map(describeEndpoint));
      return 0;
    }
    if (values.secret) {
      const secret = await endpoints.secret(endpointId);
      context.answer({ endpointId, secret }, [secret]);
      return 0;
    }
    if (values.resendFailed !== undefined) {
      const count = await endpoints.resendFailed(endpointId, { since: values.resendFailed });
      context.answer({ endpointId, count }, [
        `${count} ${count === 1 ? 'notification is' : 'notifications are'} sent again within seconds`,
      ]);
      return 0;
    }
    if (values.test) return test(endpointId, endpoints, context);
    if (values.rotate) return shownWhenRecorded(await endpoints.rotateSecret(endpointId), endpoints, context);
    if (values.delete) {
      await endpoints.delete(endpointId);
      context.answer({ endpointId, deleted: true }, [`${endpointId} is deleted, and gets nothing any more`]);
      return 0;
    }
    const enabled = values.enable ? true : values.disable ? false : undefined;
    const all = { ...change, ...defined({ enabled }) };
    if (Object.keys(all).length > 0) return shownWhenRecorded(await endpoints.update(endpointId, all), endpoints, context);
    const endpoint = await endpoints.get(endpointId);
    context.answer(endpoint, [describeEndpoint(endpoint)]);
    return endpoint.status === 'enabled' ? 0 : 3;
  });

/** Answers with an endpoint once S3 has its change. */
async function shownWhenRecorded(
  endpoint: WebhookEndpointWithSecret,
  endpoints: ClientEndpoints,
  { answer, terminal }: CommandContext,
): Promise<ExitCode> {
  const outcome = await untilRecorded(endpoints, endpoint);
  if (outcome === 'changed') {
    const words = `${endpoint.endpointId} is not as this command left it: redis lost the change, or another one followed; look at it with webhooks ${endpoint.endpointId}`;
    terminal.complain(words);
    return 1;
  }
  const recorded = outcome === 'recorded';
  const now = { ...endpoint, recorded };
  answer(now, [describeEndpoint(now), ...(now.secret === undefined ? [] : [now.secret])]);
  if (!recorded) terminal.complain('the change is in redis, and not in S3 yet (recorded: false): a worker records it when one runs');
  return recorded ? 0 : 1;
}

async function test(endpointId: string, endpoints: ClientEndpoints, { answer, terminal }: CommandContext): Promise<ExitCode> {
  const notificationId = await endpoints.test(endpointId);
  const notification = await untilAttempted(endpoints, notificationId);
  if (notification === undefined) {
    terminal.complain(`no notifier has sent ${notificationId} yet; ask for it with notifications ${notificationId}`);
    return 1;
  }
  answer(notification, describeAttempts(notification, Date.now()));
  return notification.status === 'delivered' ? 0 : 3;
}
