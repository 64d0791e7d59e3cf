import { written } from '../answers/answer.ts';
import type { Route } from './route.ts';

const resume = {
  'Last-Event-ID': { description: '`id` of the last event that came; browsers send it by themselves.', example: '1764460800000-0' },
};

export const eventRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/generations/{id}/events',
    operationId: 'watchGeneration',
    tag: 'Events',
    summary: 'Follows a generation until it is final.',
    description:
      'Server-sent events. Each `generation` event is the whole generation, the first one comes at once, and the last one is final. A repeated call that names the last one gets 204, on which an EventSource stops.',
    scope: 'read',
    takesToken: true,
    headers: resume,
    answers: {
      200: { description: 'Events.', isStream: true, schema: 'Generation' },
      204: { description: '`Last-Event-ID` is the final event: there is no other.' },
    },
    errors: ['generation.not-found', 'generation.erased'],
    async run(call) {
      const isOver = await call.streams.followGeneration(call);
      return isOver ? { status: 204 } : written;
    },
  },
  {
    method: 'GET',
    path: '/v1/events',
    operationId: 'watchEvents',
    tag: 'Events',
    summary: 'Follows all generations of the tenant.',
    description:
      'Server-sent events, from now on or, with `Last-Event-ID`, behind that one. If events in between are gone, a `gap` comes first, and the list with `finishedFrom` tells what ended meanwhile. An event may come twice with the same `eventId`.',
    scope: 'read',
    headers: resume,
    answers: { 200: { description: 'Events.', isStream: true, schema: 'Event' } },
    errors: [],
    async run(call) {
      await call.streams.followEvents(call);
      return written;
    },
  },
];
