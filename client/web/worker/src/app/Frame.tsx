import { useSyncExternalStore, useState } from 'react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useLink, useRefused, useStorageState, useUnsent } from '@fieldsync/sdk/react';
import {
  IconAlertTriangle,
  IconCellSignal2,
  IconBellOff,
  IconBriefcase,
  IconCalendar,
  IconCloudOff,
  IconCloudUp,
  IconDatabase,
  IconDownload,
  IconMenu2,
  type Icon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { pushState, watchPush } from '../push/permission.ts';
import { Banner } from '../ui/Banner.tsx';
import { Notices } from '../ui/Notices.tsx';
import { useOffline } from './data.ts';
import { evictsAfterAWeek } from './storage.ts';
import { update } from './update.ts';
import styles from './Frame.module.css';

/** What is around every page: what holds for the whole app at the top, the ways at the bottom. */
export function Frame() {
  const { t } = useTranslation();
  const unsent = useUnsent();
  const refused = useRefused();
  return (
    <div className={styles.frame}>
      <a href="#main" className={styles.skip}>
        {t('common.skip')}
      </a>
      <div className={styles.banners}>
        <Banners />
      </div>
      <main id="main" tabIndex={-1} className={styles.main}>
        <Notices />
        <Outlet />
      </main>
      <nav className={styles.nav} aria-label={t('nav.label')}>
        <Way to="/" icon={IconBriefcase} text={t('nav.jobs')} exact />
        <Way to="/calendar" icon={IconCalendar} text={t('nav.calendar')} />
        <Way to="/unsent" icon={refused.length > 0 ? IconAlertTriangle : IconCloudUp} text={t('nav.unsent')} count={unsent.count + refused.length} />
        <Way to="/menu" icon={IconMenu2} text={t('nav.menu')} />
      </nav>
    </div>
  );
}

function Way({ to, icon: Symbol, text, exact, count }: { to: string; icon: Icon; text: string; exact?: boolean; count?: number }) {
  return (
    <Link to={to} className={styles.link} activeOptions={{ exact: exact ?? false }} activeProps={{ 'aria-current': 'page' }}>
      <Symbol size={24} aria-hidden />
      <span>{text}</span>
      {count ? <span className={styles.count}>{count > 99 ? '99+' : count}</span> : null}
    </Link>
  );
}

/** Strips at the top: no network (S13), slow network (S6), storage, session, notifications (S18), a new version. */
function Banners() {
  const { t } = useTranslation();
  const link = useLink();
  const offline = useOffline();
  const unsent = useUnsent();
  const storage = useStorageState();
  const push = useSyncExternalStore(watchPush, pushState);
  const ready = useSyncExternalStore(update.subscribe, update.ready);
  const [hidden, hide] = useHidden();
  const page = useLocation({ select: (l) => l.pathname }); // the help that a strip leads to needs no strip
  const evictable = storage.kept === 'evictable' && (unsent.count > 0 || evictsAfterAWeek()) && !hidden.has('storage') && page !== '/storage';
  const waiting = unsent.items.filter((i) => i.state === 'waiting-for-faster-network').length;
  return (
    <>
      {offline && (
        <Banner kind="offline" icon={IconCloudOff}>
          {t('offline.banner')}
        </Banner>
      )}
      {link.class === 'slow' && link.known && (
        <Banner kind="warn" icon={IconCellSignal2} action={waiting > 0 ? <Link to="/unsent">{t('nav.unsent')}</Link> : undefined}>
          {waiting > 0 ? t('slow.waiting', { count: waiting }) : t('slow.banner')}
        </Banner>
      )}
      {storage.full && (
        <Banner kind="danger" icon={IconDatabase} action={<Link to="/storage">{t('push.help')}</Link>}>
          {t('photo.noSpace')}
        </Banner>
      )}
      {evictable && (
        <Banner kind="warn" icon={IconDatabase} action={<Link to="/storage">{t('push.help')}</Link>} onDismiss={() => hide('storage')}>
          {t('storage.banner')}
        </Banner>
      )}
      {push !== 'on' && !offline && !evictable && !hidden.has('push') && page !== '/notifications' && ( // what presses more goes first: strips are not to fill a phone
        <Banner kind="info" icon={IconBellOff} action={<Link to="/notifications">{t('push.help')}</Link>} onDismiss={() => hide('push')}>
          {t('push.banner')}
        </Banner>
      )}
      {ready && !hidden.has('update') && (
        <Banner
          kind="info"
          icon={IconDownload}
          action={
            <button type="button" className={styles.plain} onClick={update.apply}>
              {t('update.apply')}
            </button>
          }
          onDismiss={() => hide('update')}
        >
          {t('update.ready')}
        </Banner>
      )}
    </>
  );
}

/** Strips that this person has put away until the app is opened again. */
function useHidden(): [ReadonlySet<string>, (name: string) => void] {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(() => new Set((sessionStorage.getItem('fieldsync.hidden') ?? '').split(',')));
  return [
    hidden,
    (name) => {
      const next = new Set([...hidden, name]);
      sessionStorage.setItem('fieldsync.hidden', [...next].join(','));
      setHidden(next);
    },
  ];
}
