import { Button, Progress } from '@mantine/core';
import { IconCircleCheck, IconPhoto, IconFile } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { UnsentItem } from '@fieldsync/sdk';
import { useClient, useRefused } from '@fieldsync/sdk/react';
import { useSync, useUnsentView } from '../app/data.ts';
import { bytes, duration, moment } from '../i18n/format.ts';
import { reasonText } from '../i18n/reason.ts';
import { unsentText } from '../model/words.ts';
import { Card } from '../ui/Card.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import { SyncButton } from './SyncButton.tsx';
import styles from './UnsentPage.module.css';

/** What has not reached the server (S15), and when the last sync succeeded (S16). */
export function UnsentPage() {
  const { t } = useTranslation();
  const client = useClient();
  const unsent = useUnsentView();
  const refused = useRefused();
  const sync = useSync();
  const nothing = unsent.count === 0;

  return (
    <Page title={t('unsent.title')} aside={<SyncButton />}>
      <Card title={t('unsent.lastSync')}>
        <p className={styles.last} data-testid="last-sync">
          {sync.last === undefined ? t('unsent.never') : moment(sync.last)}
        </p>
        <p className={styles.soft}>{t('unsent.lastSyncHelp')}</p>
        {sync.reason && <p className={styles.reason}>{t('unsent.reason', { reason: sync.reason })}</p>}
        <Button onClick={sync.now} loading={sync.state === 'syncing'} disabled={sync.state === 'offline'}>
          {t('sync.now')}
        </Button>
      </Card>
      {refused.length > 0 && (
        <Card tone="danger" title={t('refused.entry')}>
          <p>{t('refused.count', { count: refused.length })}</p>
          <Button component={Link} to="/refused" variant="default">
            {t('refused.show')}
          </Button>
        </Card>
      )}
      {nothing && <Empty icon={IconCircleCheck} title={t('unsent.nothing')} />}
      {unsent.changes > 0 && (
        <Card title={t('unsent.changes', { count: unsent.changes })}>
          <ul className={styles.jobs}>
            {unsent.jobs.map((j) => (
              <li key={j.id}>
                <Link to="/jobs/$id" params={{ id: j.id }} className={styles.job}>
                  <span>
                    {j.title || t('jobs.untitled')}
                    <span className={styles.what}>{j.items.map((i) => unsentText(i, t)).join(', ')}</span>
                  </span>
                  <span className={styles.soft}>{t('unsent.jobChanges', { count: j.items.length })}</span>
                </Link>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {unsent.files.length > 0 && (
        <Card title={t('unsent.files', { count: unsent.files.length, size: bytes(unsent.bytes) })}>
          {unsent.seconds !== undefined && <p className={styles.soft}>{t('unsent.estimate', { time: duration(unsent.seconds) })}</p>}
          <ul className={styles.files}>
            {unsent.files.map((f) => (
              <File key={f.id} file={f} onSend={() => client.sendNow(f.id)} onRetry={() => client.retry(f.id)} />
            ))}
          </ul>
        </Card>
      )}
    </Page>
  );
}

const kinds = { waiting: 'next', 'waiting-for-network': 'waitsNetwork', 'waiting-for-faster-network': 'waitsFast', sending: 'sending', failed: 'failed' } as const;

function File({ file, onSend, onRetry }: { file: UnsentItem; onSend: () => void; onRetry: () => void }) {
  const { t } = useTranslation();
  const size = file.bytes ?? 0;
  const sent = file.sent ?? 0;
  const percent = size > 0 ? Math.floor((sent / size) * 100) : 0;
  const name = file.label || t('part.attachments');
  return (
    <li className={styles.file} data-state={file.state}>
      {file.thumbnail ? <img src={file.thumbnail} alt="" className={styles.picture} /> : <span className={styles.picture}>{/\.(jpe?g|png|webp|gif)$/i.test(name) ? <IconPhoto aria-hidden /> : <IconFile aria-hidden />}</span>}
      <div className={styles.about}>
        <p className={styles.name}>{name}</p>
        <p className={styles.soft}>{t('unsent.inJob', { job: file.jobTitle || t('jobs.untitled') })}</p>
        <Progress value={percent} aria-label={t('unsent.progress', { name, percent })} color="var(--fs-brand)" />
        <p className={styles.state}>
          <span>{t(`unsent.${kinds[file.state]}`)}</span>
          <span>{t('unsent.sentBytes', { sent: bytes(sent), size: bytes(size) })}</span>
        </p>
        {file.reason && <p className={styles.reason}>{t('unsent.reason', { reason: reasonText(file.because, file.reason) })}</p>}
        {file.state === 'waiting-for-faster-network' && !file.now && (
          <Button variant="default" onClick={onSend} aria-label={t('unsent.sendNowOf', { name })} className={styles.send!}>
            {t('unsent.sendNow')}
          </Button>
        )}
        {file.state === 'failed' && (
          <Button variant="default" onClick={onRetry} aria-label={`${t('common.retry')}: ${name}`} className={styles.send!}>
            {t('common.retry')}
          </Button>
        )}
      </div>
    </li>
  );
}
