export {
  notificationTypes,
  verifyWebhook,
  WebhookSignatureError,
  type GivenHeaders,
  type NotificationPayload,
  type NotificationType,
  type VerifyWebhookOptions,
} from '@darkroom/contracts';
