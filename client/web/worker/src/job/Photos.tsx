import { useState } from 'react';
import type { Attachment, Job, UnsentItem } from '@fieldsync/sdk';
import { useFile, useUnsent } from '@fieldsync/sdk/react';
import { IconCloudUp, IconExclamationCircle, IconPhoto } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { PhotoViewer } from './PhotoViewer.tsx';
import styles from './Photos.module.css';

interface Props {
  job: Job;
  photos: readonly Attachment[];
  /** Photos that are being made ready; there is nothing to see of them yet. */
  preparing?: number;
  onRemove?: ((a: Attachment) => void) | undefined;
}

/** Photos as thumbnails, each with how far it is. A tap opens them one by one. */
export function Photos({ job, photos, preparing = 0, onRemove }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<string>();
  const unsent = useUnsent();
  const waiting = (a: Attachment) => unsent.items.find((i) => i.id === `file:${a.uuid}`);
  return (
    <>
      <ul className={styles.grid}>
        {photos.map((a, i) => (
          <Thumbnail key={a.uuid} job={job} photo={a} number={i + 1} total={photos.length} unsent={waiting(a)} onOpen={() => setOpen(a.uuid)} />
        ))}
        {Array.from({ length: preparing }, (_, i) => (
          <li key={`preparing ${i}`} className={styles.tile} aria-label={t('photo.preparing')}>
            <span className={styles.blank} data-busy>
              <IconPhoto aria-hidden />
            </span>
          </li>
        ))}
      </ul>
      <PhotoViewer
        photos={photos}
        job={job}
        open={open}
        onOpen={setOpen}
        stateOf={(a) => photoState(t, waiting(a))}
        onRemove={
          onRemove &&
          ((a) => {
            setOpen(undefined);
            onRemove(a);
          })
        }
      />
    </>
  );
}

/** How far a photo of this phone is, in words. */
export function photoState(t: TFunction, unsent: UnsentItem | undefined): string {
  if (!unsent) return t('photo.state.here');
  if (unsent.state === 'sending') return t('photo.state.sending', { percent: unsent.bytes ? Math.floor(((unsent.sent ?? 0) / unsent.bytes) * 100) : 0 });
  return unsent.state === 'failed' ? t('photo.state.failed') : t('photo.state.waiting');
}

function Thumbnail({ job, photo, number, total, unsent, onOpen }: { job: Job; photo: Attachment; number: number; total: number; unsent: UnsentItem | undefined; onOpen: () => void }) {
  const { t } = useTranslation();
  const file = useFile(job.id, photo, 'thumbnail');
  const remote = !unsent && file.state !== 'here';
  const state = remote ? t('photo.state.remote') : photoState(t, unsent);
  return (
    <li className={styles.tile}>
      <button type="button" className={styles.button} onClick={onOpen} aria-label={`${t('photo.view', { number })}: ${t('photo.alt', { number, total, state })}`}>
        {file.url && file.state === 'here' ? (
          <img src={file.url} alt="" className={styles.image} />
        ) : (
          <span className={styles.blank}>
            <IconPhoto aria-hidden />
          </span>
        )}
        {unsent && (
          <span className={styles.state} data-state={unsent.state}>
            {unsent.state === 'failed' ? <IconExclamationCircle size={16} aria-hidden /> : <IconCloudUp size={16} aria-hidden />}
            {unsent.state === 'sending' && unsent.bytes ? `${Math.floor(((unsent.sent ?? 0) / unsent.bytes) * 100)} %` : ''}
          </span>
        )}
      </button>
    </li>
  );
}
