import { defined } from '@darkroom/contracts';
import type { NotificationStatus } from '@darkroom/producer';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { withClient } from '../images/open-client.ts';
import { describeAttempts, describeNotification } from './describe-webhooks.ts';

interface NotificationsValues {
  readonly dataDir: string | undefined;
  readonly tenant: string | undefined;
  readonly notificationId: string | undefined;
  readonly resend: boolean;
  readonly endpoint: string | undefined;
  readonly status: NotificationStatus | undefined;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Lists notifications, shows one, or sends one again. @throws WebhookEndpointError, QueueUnavailableError */
export const runNotifications = (values: NotificationsValues, context: CommandContext): Promise<ExitCode> =>
  withClient(values, context, async (client) => {
    const endpoints = client.endpoints();
    const { notificationId, resend, endpoint, status, limit, cursor } = values;
    if (notificationId !== undefined) {
      if (resend) {
        await endpoints.resend(notificationId);
        context.answer({ notificationId, resent: true }, [`${notificationId} is sent again within seconds`]);
        return 0;
      }
      const notification = await endpoints.notification(notificationId);
      context.answer(notification, describeAttempts(notification, Date.now()));
      return notification.status === 'failed' ? 3 : 0;
    }
    const page = await endpoints.notifications({ limit, ...defined({ endpointId: endpoint, status, cursor }) });
    for (const each of page.notifications) context.answer(each, [describeNotification(each, Date.now())]);
    if (page.notifications.length === 0) context.notes.print('none');
    if (page.nextCursor !== undefined) context.notes.print(`more with --cursor ${page.nextCursor}`);
    return 0;
  });
