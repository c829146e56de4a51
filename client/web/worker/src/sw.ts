/// <reference lib="webworker" />
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { subscribePush } from '@fieldsync/sdk/push';
import { clicked, pushed } from './push/worker.ts';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

// The whole program is kept, so that from the second visit it starts without a network. What it shows lies in the SDK's stores, not here.
precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL('index.html')));

// A new version waits until the person says so: work in another tab is not torn away.
self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => event.waitUntil(pushed(self, event.data)));
self.addEventListener('notificationclick', (event) => event.waitUntil(clicked(self, event.notification)));
// The browser has replaced the subscription, or ended it: the server hears where the phone is reached now.
self.addEventListener('pushsubscriptionchange', (event) => (event as ExtendableEvent).waitUntil(subscribePush(self.registration).catch(() => undefined)));
