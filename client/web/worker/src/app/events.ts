import type { Client } from '@fieldsync/sdk';
import i18next from 'i18next';
import { takeMessages } from '../push/inbox.ts';
import { notify } from './notices.ts';

interface Ways {
  navigate(to: { to: '/jobs/$id'; params: { id: string } } | { to: '/refused' }): Promise<void>;
}

/** Tells the person what happens by itself: refused work, jobs that come and go, and what the service worker says of pushes. */
export function hearOfEvents(client: Client, router: Ways): void {
  const t = i18next.t;
  const open = (id: string) => void router.navigate({ to: '/jobs/$id', params: { id } });
  client.on('work-refused', () => notify({ kind: 'warn', text: t('refused.one'), action: { label: t('refused.show'), run: () => void router.navigate({ to: '/refused' }) } }));
  client.on('job-arrived', (e) => notify({ kind: 'info', text: t('jobs.arrived', { title: e.title || t('jobs.untitled') }), action: { label: t('common.open'), run: () => open(e.job) } }));
  client.on('job-withdrawn', (e) => notify({ kind: 'info', text: t('jobs.gone', { title: e.title || t('jobs.untitled') }) }));

  takeMessages((event) => {
    const message = event.data;
    const port = event.ports[0];
    switch (message.type) {
      case 'push': {
        const { job, title, body } = message.push;
        void client.onPush(job).finally(() => notify({ kind: 'info', text: [title, body].filter(Boolean).join(': ') || t('push.notice'), ...(job && { action: { label: t('common.open'), run: () => open(job) } }) }));
        break;
      }
      case 'sync':
        void client.onPush(message.job).finally(() => port?.postMessage('done'));
        break;
      case 'open':
        void client.onPush(message.job);
        open(message.job);
        break;
    }
  });
}
