import { useState } from 'react';
import { Button, TextInput } from '@mantine/core';
import type { Field, Job, JobHandle } from '@fieldsync/sdk';
import { useFile } from '@fieldsync/sdk/react';
import { IconSignature } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { place } from '../app/place.ts';
import { Sheet } from '../ui/Sheet.tsx';
import { SignaturePad, typedSignature, type Ink } from '../ui/SignaturePad.tsx';
import { tell } from './tell.ts';
import { stamped } from './stamped.ts';
import styles from './SignatureField.module.css';

/** A signature: drawn with the finger, or a typed name for who cannot. A new one takes the place of the old. */
export function SignatureField({ job, handle, field, disabled }: { job: Job; handle: JobHandle; field: Field; disabled: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const old = job.attachments.filter((a) => a.field === field.uuid);
  const newest = old.at(-1);

  const keep = async (picture: Blob) => {
    const location = await place();
    const ok = await tell(
      (async () => {
        await handle.attach(picture, { field: field.uuid, name: `signature-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')}.png`, takenAt: new Date(), ...stamped(location) });
        for (const a of old) await handle.removeAttachment(a.uuid);
      })(),
    );
    if (ok) setOpen(false);
  };

  return (
    <div className={styles.field}>
      {newest && <Picture job={job} attachment={newest} />}
      {!disabled && (
        <Button variant={newest ? 'default' : 'filled'} leftSection={<IconSignature size={20} aria-hidden />} onClick={() => setOpen(true)} aria-label={`${newest ? t('signature.again') : t('signature.sign')}: ${field.name}`}>
          {newest ? t('signature.again') : t('signature.sign')}
        </Button>
      )}
      <Sheet title={field.name} opened={open} onClose={() => setOpen(false)}>
        <Signing onDone={keep} />
      </Sheet>
    </div>
  );
}

function Signing({ onDone }: { onDone: (picture: Blob) => Promise<void> }) {
  const { t } = useTranslation();
  const [ink, setInk] = useState<Ink>();
  const [wiped, setWiped] = useState(0);
  const [typed, setTyped] = useState('');
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const done = async () => {
    const drawn = ink && !ink.empty;
    if (!drawn && !typed.trim()) {
      setMissing(true);
      return;
    }
    setBusy(true);
    await onDone(drawn ? await ink.picture() : await typedSignature(typed.trim())).finally(() => setBusy(false));
  };
  return (
    <>
      <p>{t('signature.help')}</p>
      <SignaturePad label={t('signature.pad')} wiped={wiped} onInk={setInk} />
      <TextInput label={t('signature.typed')} placeholder={t('signature.typedLabel')} value={typed} maxLength={120} onChange={(e) => setTyped(e.currentTarget.value)} />
      {missing && (
        <p role="alert" className={styles.missing}>
          {t('signature.empty')}
        </p>
      )}
      <div className={styles.buttons}>
        <Button variant="default" onClick={() => setWiped((n) => n + 1)}>
          {t('signature.clear')}
        </Button>
        <Button onClick={() => void done()} loading={busy}>
          {t('signature.done')}
        </Button>
      </div>
    </>
  );
}

function Picture({ job, attachment }: { job: Job; attachment: Job['attachments'][number] }) {
  const { t } = useTranslation();
  const file = useFile(job.id, attachment, 'preview');
  return file.url && file.state === 'here' ? <img src={file.url} alt={t('signature.alt')} className={styles.picture} /> : <p>{t('photo.state.remote')}</p>;
}
