import { useEffect, useRef } from 'react';
import { ActionIcon, Button } from '@mantine/core';
import type { Attachment, Job } from '@fieldsync/sdk';
import { useClient, useFile } from '@fieldsync/sdk/react';
import { IconChevronLeft, IconChevronRight, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Sheet } from '../ui/Sheet.tsx';
import { bytes } from '../i18n/format.ts';
import { tell } from './tell.ts';
import styles from './PhotoViewer.module.css';

interface Props {
  job: Job;
  photos: readonly Attachment[];
  /** The photo that is open; undefined: none. */
  open: string | undefined;
  onOpen: (id: string | undefined) => void;
  /** How far a photo is, in words. */
  stateOf: (photo: Attachment) => string;
  onRemove?: ((photo: Attachment) => void) | undefined;
}

const swipe = 60; // as far a finger has to go, in CSS pixels

/** Photos one by one over the whole screen; arrow keys and swipes go on to the next. */
export function PhotoViewer({ job, photos, open, onOpen, stateOf, onRemove }: Props) {
  const { t, i18n } = useTranslation();
  const at = photos.findIndex((p) => p.uuid === open);
  const photo = photos[at];
  const from = useRef<number | undefined>(undefined);
  const rtl = i18n.dir() === 'rtl';
  const [Back, Forth] = rtl ? [IconChevronRight, IconChevronLeft] : [IconChevronLeft, IconChevronRight];

  const go = (by: number) => {
    const next = photos[at + by];
    if (next) onOpen(next.uuid);
  };

  useEffect(() => {
    if (!photo) return;
    const key = (e: KeyboardEvent) => {
      if (e.key === 'ArrowRight') go(rtl ? -1 : 1);
      if (e.key === 'ArrowLeft') go(rtl ? 1 : -1);
    };
    window.addEventListener('keydown', key);
    return () => window.removeEventListener('keydown', key);
  });

  return (
    <Sheet title={photo?.name || t('part.photo')} opened={photo !== undefined} onClose={() => onOpen(undefined)} full>
      {photo && (
        <figure
          className={styles.figure}
          onPointerDown={(e) => (from.current = e.clientX)}
          onPointerUp={(e) => {
            const moved = e.clientX - (from.current ?? e.clientX);
            if (Math.abs(moved) > swipe) go(moved < 0 === !rtl ? 1 : -1);
          }}
        >
          <Shown key={photo.uuid} job={job} photo={photo} alt={t('photo.alt', { number: at + 1, total: photos.length, state: stateOf(photo) })} />
          <figcaption className={styles.line}>
            <ActionIcon onClick={() => go(-1)} disabled={at === 0} aria-label={t('photo.previous')}>
              <Back aria-hidden />
            </ActionIcon>
            <span aria-live="polite">
              {at + 1} / {photos.length} · {stateOf(photo)}
            </span>
            <ActionIcon onClick={() => go(1)} disabled={at === photos.length - 1} aria-label={t('photo.next')}>
              <Forth aria-hidden />
            </ActionIcon>
          </figcaption>
          {onRemove && (
            <Button variant="subtle" color="red" leftSection={<IconTrash size={18} aria-hidden />} onClick={() => onRemove(photo)}>
              {t('photo.remove')}
            </Button>
          )}
        </figure>
      )}
    </Sheet>
  );
}

function Shown({ job, photo, alt }: { job: Job; photo: Attachment; alt: string }) {
  const { t } = useTranslation();
  const client = useClient();
  const file = useFile(job.id, photo, 'preview');
  if (file.url && file.state === 'here') return <img className={styles.photo} src={file.url} alt={alt} draggable={false} />;
  return (
    <div className={styles.none}>
      <p>{file.state === 'failed' ? t('job.fileFailed') : file.state === 'waiting-for-faster-network' ? t('job.fileWaits') : t('photo.state.remote')}</p>
      <Button variant="default" loading={file.state === 'loading'} onClick={() => void tell(client.files.fetch(job.id, photo, 'preview'))}>
        {t('job.fileFetch', { size: bytes(photo.size) })}
      </Button>
    </div>
  );
}
