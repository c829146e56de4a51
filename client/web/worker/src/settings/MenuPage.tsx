import { useState, useSyncExternalStore } from 'react';
import { SegmentedControl, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import {
  IconAlertTriangle,
  IconBell,
  IconChevronLeft,
  IconChevronRight,
  IconDatabase,
  IconDownload,
  IconHelp,
  IconLogout,
  IconMapPin,
  IconPlus,
  IconRefresh,
  type Icon,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useRefused } from '@fieldsync/sdk/react';
import { useSync, useWho } from '../app/data.ts';
import { installOffer } from '../app/storage.ts';
import { moment } from '../i18n/format.ts';
import { Card } from '../ui/Card.tsx';
import { Page } from '../ui/Page.tsx';
import { SignOutSheet } from './SignOutSheet.tsx';
import styles from './MenuPage.module.css';

/** The menu, with the Sync entry (S8). */
export function MenuPage() {
  const { t } = useTranslation();
  const { who, settings } = useWho();
  const sync = useSync();
  const refused = useRefused();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const mayInstall = useSyncExternalStore(installOffer.subscribe, installOffer.there);
  const [leaving, setLeaving] = useState(false);
  const last = sync.last === undefined ? t('sync.never') : t('sync.last', { when: moment(sync.last) });

  return (
    <Page title={t('menu.title')} over={t('menu.signedInAs', { name: who.name })}>
      <nav aria-label={t('menu.title')}>
        <ul className={styles.entries}>
          <li>
            <button type="button" className={styles.entry} onClick={sync.now}>
              <IconRefresh aria-hidden className={sync.state === 'syncing' ? styles.turning : undefined} />
              <span className={styles.words}>
                {t('menu.sync')}
                <span className={styles.soft}>{sync.state === 'syncing' ? t('sync.running') : last}</span>
              </span>
            </button>
          </li>
          {settings.worker_jobs !== 'none' && <Entry to="/new" icon={IconPlus} text={t('menu.newJob')} />}
          {refused.length > 0 && <Entry to="/refused" icon={IconAlertTriangle} text={t('refused.entry')} more={t('refused.count', { count: refused.length })} />}
          <Entry to="/notifications" icon={IconBell} text={t('menu.notifications')} />
          <Entry to="/storage" icon={IconDatabase} text={t('menu.storage')} />
          <Entry to="/location" icon={IconMapPin} text={t('menu.location')} />
          {mayInstall && (
            <li>
              <button type="button" className={styles.entry} onClick={() => void installOffer.take()}>
                <IconDownload aria-hidden />
                <span className={styles.words}>{t('storage.install')}</span>
              </button>
            </li>
          )}
          <Entry to="/help" icon={IconHelp} text={t('menu.help')} />
          <li>
            <button type="button" className={styles.entry} onClick={() => setLeaving(true)}>
              <IconLogout aria-hidden />
              <span className={styles.words}>{t('menu.signOut')}</span>
            </button>
          </li>
        </ul>
      </nav>
      <Card title={t('menu.appearance')}>
        <SegmentedControl
          fullWidth
          size="md"
          aria-label={t('menu.appearance')}
          value={colorScheme}
          onChange={(v) => setColorScheme(v as MantineColorScheme)}
          data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: t(`menu.${value}`) }))}
        />
      </Card>
      <SignOutSheet opened={leaving} onClose={() => setLeaving(false)} />
    </Page>
  );
}

function Entry({ to, icon: Symbol, text, more }: { to: string; icon: Icon; text: string; more?: string }) {
  const { i18n } = useTranslation();
  const Chevron = i18n.dir() === 'rtl' ? IconChevronLeft : IconChevronRight;
  return (
    <li>
      <Link to={to} className={styles.entry}>
        <Symbol aria-hidden />
        <span className={styles.words}>
          {text}
          {more && <span className={styles.soft}>{more}</span>}
        </span>
        <Chevron size={18} aria-hidden />
      </Link>
    </li>
  );
}
