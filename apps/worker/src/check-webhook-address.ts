import type { Logger, WebhookSettings } from '@darkroom/service-runtime';

const LIMIT_MS = 3000;

/**
 * Asks once whether the receiver answers at the address that Runware gets. A failure is only a warning: a load balancer may refuse
 * the pods behind it, the receiver may start later, and images come home without webhooks.
 */
export async function checkWebhookAddress({ baseUrl }: WebhookSettings, logger: Logger, signal: AbortSignal): Promise<void> {
  const address = `${baseUrl}/livez`;
  let found: string;
  try {
    const response = await fetch(address, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      headers: { connection: 'close' },
    });
    await response.body?.cancel();
    if (response.ok) return;
    found = `answered ${response.status}`;
  } catch (error) {
    if (signal.aborted) return;
    found = `did not answer within ${LIMIT_MS / 1000} s, or refused`;
    logger.debug({ err: error }, 'webhook address');
  }
  logger.warn(
    { event: 'webhook.unreachable', address },
    `WEBHOOK_BASE_URL is set, and ${address} ${found} from here: webhooks may not arrive; images are still bought, uploaded and polled for, only later`,
  );
}
