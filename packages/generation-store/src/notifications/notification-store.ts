import type { Redis } from 'ioredis';
import { bindOperations } from '../bind-operations.ts';
import { readTime } from '../connection/read-time.ts';
import { countFailed, findNotification, listFailed, listNotificationIds, noteNotification } from './notification-log.ts';
import { countEndpoints } from './many-endpoints.ts';
import { findNotified, findRequestWebhook } from './notified.ts';
import { endResend, nextResend, requestResend } from './resends.ts';
import {
  changeEndpoint,
  findEndpoint,
  findEndpointInForce,
  listEndpoints,
  listReceiving,
  mayHaveForgotten,
  readRest,
} from './webhook-endpoints.ts';

/** The part of Redis with endpoints and notifications, as the notifier and the doors use it. */
export interface NotificationStore extends ReturnType<typeof bindAll> {}

/** Builds the store on a connection that its caller keeps and closes. */
export const buildNotificationStore = ({ prefix }: { prefix: string }, redis: Redis): NotificationStore => bindAll(prefix, redis);

function bindAll(prefix: string, redis: Redis) {
  const bind = bindOperations(redis, prefix);
  return {
    readTime: () => readTime(redis),
    changeEndpoint: bind(changeEndpoint),
    mayHaveForgotten: bind(mayHaveForgotten),
    findEndpoint: bind(findEndpoint),
    listEndpoints: bind(listEndpoints),
    findEndpointInForce: bind(findEndpointInForce),
    listReceiving: bind(listReceiving),
    countEndpoints: bind(countEndpoints),
    readRest: bind(readRest),
    noteNotification: bind(noteNotification),
    findNotification: bind(findNotification),
    listFailed: bind(listFailed),
    listNotificationIds: bind(listNotificationIds),
    countFailed: bind(countFailed),
    requestResend: bind(requestResend),
    nextResend: bind(nextResend),
    endResend: bind(endResend),
    findNotified: bind(findNotified),
    findRequestWebhook: bind(findRequestWebhook),
  };
}
