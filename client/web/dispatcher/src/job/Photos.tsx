import { Anchor, FileButton, Button, Modal, Tooltip, ActionIcon } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconClockUp, IconDownload, IconFile, IconMapPin, IconPhotoX, IconTrash, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attachment, FileState, FileStates } from '../api/types.ts';
import { bytes, dateTime } from '../format.ts';
import { Section } from '../plan/Section.tsx';
import { failed } from '../ui/toast.tsx';
import { fileAddress, filesQuery, isPicture, pictureOf, stateOf } from './files.ts';
import classes from './Photos.module.css';

interface Props {
  job: string;
  attachments: readonly Attachment[];
  /** The name of the report field with this id. */
  fieldName: (id: string) => string;
  names: (user: string) => string;
  attach?: ((files: File[]) => Promise<void>) | undefined;
  remove?: ((attachment: string) => Promise<void>) | undefined;
  opened: string | undefined;
  open: (attachment: string | undefined) => void;
}

/** What was photographed, signed and attached, and where it is: still on a phone, arriving, here, or lost. */
export const Photos = memo(function Photos({ job, attachments, fieldName, names, attach, remove, opened, open }: Props) {
  const { t } = useTranslation();
  const { data: states } = useQuery(filesQuery(job, attachments));
  const [sending, setSending] = useState(false);
  const at = attachments.findIndex((a) => a.uuid === opened);
  return (
    <Section
      title={t('job.photos', { count: attachments.length })}
      actions={
        attach && (
          <FileButton
            multiple
            onChange={(files) => {
              if (files.length === 0) return;
              setSending(true);
              void attach(files)
                .catch(failed)
                .finally(() => setSending(false));
            }}
          >
            {(props) => (
              <Button {...props} variant="light" size="xs" loading={sending} leftSection={<IconUpload size={15} />}>
                {t('job.attach')}
              </Button>
            )}
          </FileButton>
        )
      }
    >
      {attachments.length === 0 && <p className="quiet">{t('job.noPhotos')}</p>}
      <ul className={classes.gallery}>
        {attachments.map((a) => (
          <li key={a.uuid}>
            <button type="button" className={classes.tile} onClick={() => open(a.uuid)}>
              <Picture job={job} attachment={a} states={states} />
              <span className={classes.caption}>{(a.field && fieldName(a.field)) || a.name || t('job.file')}</span>
            </button>
          </li>
        ))}
      </ul>
      {at >= 0 && <Lightbox job={job} all={attachments} at={at} states={states} fieldName={fieldName} names={names} open={open} remove={remove} />}
    </Section>
  );
});

/** A small picture, or what stands in its place while it is not here. */
export function Picture({ job, attachment, states }: { job: string; attachment: Attachment; states: FileStates | undefined }) {
  const { t } = useTranslation();
  const [broken, setBroken] = useState(false);
  const best = pictureOf(attachment, 'thumbnail');
  const small = stateOf(states, attachment.uuid, best.kind);
  const whole = stateOf(states, attachment.uuid, 'file');
  const alt = attachment.name || t('job.file');
  const shows = isPicture(attachment) && small?.state === 'here' && !broken; // before it is here it cannot be shown, and would count as broken
  return (
    <span className={classes.picture}>
      {shows ? <img src={fileAddress(job, best.sha256, { shown: true })} alt={alt} loading="lazy" decoding="async" data-whole={attachment.media_type === 'image/png' || undefined} onError={() => setBroken(true)} /> : <Instead state={whole} picture={isPicture(attachment)} />}
      {whole && whole.state !== 'here' && <State state={whole} size={attachment.size} />}
    </span>
  );
}

function Instead({ state, picture }: { state: FileState | undefined; picture: boolean }) {
  const Icon = state?.state === 'lost' ? IconPhotoX : picture ? IconClockUp : IconFile;
  return <Icon size={34} stroke={1.3} className={classes.instead} aria-hidden />;
}

function State({ state, size }: { state: FileState; size: number }) {
  const { t } = useTranslation();
  const percent = size > 0 ? Math.floor((100 * state.received) / size) : 0;
  return (
    <Tooltip label={t(`job.fileHint.${state.state}`)}>
      <span className={classes.state} data-state={state.state}>
        {state.state === 'arriving' ? t('job.arriving', { percent }) : t(`job.fileState.${state.state}`)}
      </span>
    </Tooltip>
  );
}

function Lightbox({ job, all, at, states, fieldName, names, open, remove }: Pick<Props, 'job' | 'fieldName' | 'names' | 'open' | 'remove'> & { all: readonly Attachment[]; at: number; states: FileStates | undefined }) {
  const { t } = useTranslation();
  const a = all[at]!;
  const best = pictureOf(a, 'preview');
  const whole = stateOf(states, a.uuid, 'file');
  const here = (stateOf(states, a.uuid, best.kind) ?? whole)?.state === 'here';
  const step = (by: number): void => open(all[(at + by + all.length) % all.length]!.uuid);
  return (
    <Modal
      opened
      onClose={() => open(undefined)}
      size="xl"
      title={(a.field && fieldName(a.field)) || a.name || t('job.file')}
      closeButtonProps={{ 'aria-label': t('close') }}
      onKeyDown={(event) => {
        const along = getComputedStyle(event.currentTarget).direction === 'rtl' ? -1 : 1;
        if (event.key === 'ArrowRight') step(along);
        if (event.key === 'ArrowLeft') step(-along);
      }}
    >
      <div className={classes.light}>
        {isPicture(a) && here ? <img src={fileAddress(job, best.sha256, { shown: true })} alt={a.name || t('job.file')} /> : <Picture job={job} attachment={a} states={states} />}
        {all.length > 1 && (
          <>
            <ActionIcon className={classes.before!} variant="filled" size="lg" aria-label={t('job.photoBefore')} onClick={() => step(-1)}>
              <IconChevronLeft size={20} className="flips" />
            </ActionIcon>
            <ActionIcon className={classes.after!} variant="filled" size="lg" aria-label={t('job.photoAfter')} onClick={() => step(1)}>
              <IconChevronRight size={20} className="flips" />
            </ActionIcon>
          </>
        )}
      </div>
      <p className={classes.facts}>
        {[a.name, bytes(a.size), a.by && names(a.by), a.taken_at && dateTime(a.taken_at)].filter(Boolean).join(' · ')}
        {whole && whole.state !== 'here' && <State state={whole} size={a.size} />}
      </p>
      <div className={classes.tools}>
        {whole?.state === 'here' && (
          <Button component="a" href={fileAddress(job, a.sha256, { name: a.name })} download={a.name ?? a.sha256} variant="light" size="sm" leftSection={<IconDownload size={16} />}>
            {t('job.download')}
          </Button>
        )}
        {a.location && (
          <Anchor href={`https://www.openstreetmap.org/?mlat=${a.location.latitude}&mlon=${a.location.longitude}#map=17/${a.location.latitude}/${a.location.longitude}`} target="_blank" rel="noreferrer" size="sm">
            <IconMapPin size={15} aria-hidden /> {t('job.takenHere')}
          </Anchor>
        )}
        {remove && (
          <Button
            variant="default"
            size="sm"
            leftSection={<IconTrash size={16} />}
            onClick={() => {
              open(undefined);
              void remove(a.uuid).catch(failed);
            }}
          >
            {t('job.removeFile')}
          </Button>
        )}
      </div>
    </Modal>
  );
}
