import { useState } from 'react';
import { Button } from '@mantine/core';
import type { Attachment, Job } from '@fieldsync/sdk';
import { useClient, useFile } from '@fieldsync/sdk/react';
import { IconDownload, IconFile } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { bytes } from '../i18n/format.ts';
import { tell } from './tell.ts';
import { isPicture } from './picture.ts';
import { Photos } from './Photos.tsx';
import styles from './Attachments.module.css';

/** Files of a job: pictures as a row of thumbnails, others as lines. */
export function Attachments({ job, attachments, onRemove }: { job: Job; attachments: readonly Attachment[]; onRemove?: ((a: Attachment) => void) | undefined }) {
  const pictures = attachments.filter(isPicture);
  const others = attachments.filter((a) => !isPicture(a));
  return (
    <>
      {pictures.length > 0 && <Photos job={job} photos={pictures} onRemove={onRemove} />}
      {others.length > 0 && (
        <ul className={styles.files}>
          {others.map((a) => (
            <FileLine key={a.uuid} job={job} attachment={a} onRemove={onRemove} />
          ))}
        </ul>
      )}
    </>
  );
}

function FileLine({ job, attachment, onRemove }: { job: Job; attachment: Attachment; onRemove?: ((a: Attachment) => void) | undefined }) {
  const { t } = useTranslation();
  const client = useClient();
  const file = useFile(job.id, attachment, 'file');
  const [busy, setBusy] = useState(false);
  const name = attachment.name || t('part.attachments');
  return (
    <li className={styles.file}>
      <IconFile aria-hidden />
      <div className={styles.about}>
        <p className={styles.name}>{name}</p>
        <p className={styles.soft}>
          {bytes(attachment.size)}
          {file.state === 'waiting-for-faster-network' && ` · ${t('job.fileWaits')}`}
          {file.state === 'failed' && ` · ${t('job.fileFailed')}`}
        </p>
      </div>
      {file.state === 'here' && file.url ? (
        <Button component="a" href={file.url} download={name} variant="default" aria-label={t('job.download', { name })}>
          <IconDownload aria-hidden />
        </Button>
      ) : (
        <Button
          variant="default"
          loading={busy || file.state === 'loading'}
          onClick={() => {
            setBusy(true);
            void tell(client.files.fetch(job.id, attachment)).finally(() => setBusy(false));
          }}
        >
          {t('job.fileFetch', { size: bytes(attachment.size) })}
        </Button>
      )}
      {onRemove && (
        <Button variant="subtle" color="red" onClick={() => onRemove(attachment)} aria-label={`${t('common.remove')}: ${name}`}>
          {t('common.remove')}
        </Button>
      )}
    </li>
  );
}
