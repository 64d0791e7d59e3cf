export {
  notificationTypes,
  verifyWebhook,
  WebhookSignatureError,
  type GivenHeaders,
  type NotificationPayload,
  type NotificationType,
  type SentNotificationType,
  type VerifyWebhookOptions,
} from '@darkroom/contracts';
