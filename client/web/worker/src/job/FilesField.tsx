import { useId, useRef, useState } from 'react';
import { Button } from '@mantine/core';
import type { Attachment, Field, Job, JobHandle } from '@fieldsync/sdk';
import { IconCamera, IconPaperclip, IconPhotoPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { place } from '../app/place.ts';
import { notify } from '../app/notices.ts';
import { Attachments } from './Attachments.tsx';
import { isPicture } from './picture.ts';
import { Photos } from './Photos.tsx';
import { stamped } from './stamped.ts';
import { tell } from './tell.ts';
import styles from './FilesField.module.css';

/** As many photos as one field of the report takes (docs/JOB.md). */
export const maxPhotos = 10;

interface Props {
  job: Job;
  handle: JobHandle;
  /** The field that the files answer; undefined: files beside the report. */
  field?: Field;
  /** What may be added. */
  takes: 'photos' | 'files' | 'both';
  disabled: boolean;
}

/** Photos and files that answer a field: taken, chosen, shown at once, removed and brought back. */
export function FilesField({ job, handle, field, takes, disabled }: Props) {
  const { t } = useTranslation();
  const camera = useRef<HTMLInputElement>(null);
  const gallery = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const id = useId();
  const [preparing, setPreparing] = useState(0);
  const own = job.attachments.filter((a) => (field ? a.field === field.uuid : !job.report_fields.some((f) => f.uuid === a.field)));
  const free = field && takes === 'photos' ? Math.max(0, maxPhotos - own.length - preparing) : Infinity;

  const add = async (list: FileList | null) => {
    const chosen = [...(list ?? [])];
    if (chosen.length > free) notify({ kind: 'warn', text: t('photo.full') });
    const taken = chosen.slice(0, free);
    setPreparing((n) => n + taken.length);
    const location = await place();
    for (const file of taken) {
      const name = photoName(file, own.length);
      await tell(
        handle.attach(file, {
          name,
          takenAt: new Date(file.lastModified || Date.now()),
          ...(field && { field: field.uuid }),
          ...stamped(location),
        }),
      );
      setPreparing((n) => n - 1);
    }
  };

  const remove = (a: Attachment) => {
    void tell(handle.removeAttachment(a.uuid)).then((ok) => {
      if (ok) notify({ kind: 'done', text: isPicture(a) ? t('photo.removed') : t('photo.removedFile'), action: { label: t('common.undo'), run: () => void tell(bringBack(handle, job, a)) } });
    });
  };
  const mayRemove = disabled ? undefined : remove;
  const pictures = own.filter(isPicture);
  const others = own.filter((a) => !isPicture(a));

  const input = (ref: typeof camera, props: { accept?: string; capture?: 'environment'; multiple?: boolean; label: string }) => (
    <input
      ref={ref}
      id={`${id}-${props.label}`}
      type="file"
      className="visually-hidden"
      tabIndex={-1}
      aria-label={`${props.label}${field ? `: ${field.name}` : ''}`}
      accept={props.accept}
      capture={props.capture}
      multiple={props.multiple}
      onChange={(e) => {
        void add(e.currentTarget.files);
        e.currentTarget.value = '';
      }}
    />
  );

  return (
    <div className={styles.field}>
      {(pictures.length > 0 || preparing > 0) && <Photos job={job} photos={pictures} preparing={preparing} onRemove={mayRemove} />}
      {others.length > 0 && <Attachments job={job} attachments={others} onRemove={mayRemove} />}
      {!disabled && (
        <div className={styles.buttons}>
          {takes !== 'files' && (
            <>
              {input(camera, { accept: 'image/*', capture: 'environment', label: t('photo.take') })}
              {input(gallery, { accept: 'image/*', multiple: true, label: t('photo.choose') })}
              <Button leftSection={<IconCamera size={20} aria-hidden />} disabled={free === 0} onClick={() => camera.current?.click()} aria-label={field ? `${t('photo.take')}: ${field.name}` : undefined}>
                {t('photo.take')}
              </Button>
              <Button variant="default" leftSection={<IconPhotoPlus size={20} aria-hidden />} disabled={free === 0} onClick={() => gallery.current?.click()} aria-label={field ? `${t('photo.choose')}: ${field.name}` : undefined}>
                {t('photo.choose')}
              </Button>
            </>
          )}
          {takes !== 'photos' && (
            <>
              {input(files, { multiple: true, label: t('photo.file') })}
              <Button variant="default" leftSection={<IconPaperclip size={20} aria-hidden />} onClick={() => files.current?.click()} aria-label={field ? `${t('photo.file')}: ${field.name}` : undefined}>
                {t('photo.file')}
              </Button>
            </>
          )}
        </div>
      )}
    </div>
  );
}

/** Cameras call every photo image.jpg: the clock tells them apart. */
function photoName(file: File, n: number): string {
  if (!/^image\.jpe?g$|^$/i.test(file.name)) return file.name;
  return `photo-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')}-${n + 1}.jpg`;
}

/** Undoes a removal: the same file, under its old entry. */
async function bringBack(handle: JobHandle, before: Job, a: Attachment): Promise<void> {
  const page = await handle.history({ limit: 20 });
  const removal = page.entries.find((e) => e.did.some((d) => d.kind === 'deleted' && d.path[0] === 'attachments' && d.path[1] === a.uuid));
  if (!removal) throw new Error(`${a.name ?? before.id}`);
  await handle.undo(removal.hash);
}
