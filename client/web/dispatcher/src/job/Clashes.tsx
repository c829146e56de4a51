import type { JobHandle } from '@fieldsync/sdk';
import { Button } from '@mantine/core';
import { IconGitFork } from '@tabler/icons-react';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Clash, Field, Status } from '../api/types.ts';
import { when } from '../format.ts';
import { StatusPill } from '../ui/StatusPill.tsx';
import { failed } from '../ui/toast.tsx';
import classes from './Job.module.css';
import { inWords } from './values.ts';

interface Props {
  clashes: readonly Clash[];
  fields: readonly Field[];
  handle: JobHandle | undefined;
  edits: boolean;
  names: (user: string) => string;
}

/** What two people wrote at once: both are shown, one counts meanwhile, one tap settles it. Nothing waits for it. */
export const Clashes = memo(function Clashes({ clashes, fields, handle, edits, names }: Props) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState<string>();
  if (clashes.length === 0) return null;
  return (
    <div className={classes.clashes}>
      {clashes.map((clash) => {
        const field = fields.find((f) => clash.field.split('/').includes(f.uuid));
        const name = clash.kind === 'status' ? t('job.status') : (field?.name ?? clash.name ?? t(`job.parts.${clash.field as 'title'}`, { defaultValue: clash.field }));
        return (
          <section key={clash.field} className={classes.clashCard} aria-label={t('job.clashOf', { name })}>
            <p className={classes.clashTitle}>
              <IconGitFork size={17} aria-hidden /> {t('job.clashOf', { name })}
            </p>
            <ul>
              {clash.values.map((v, i) => (
                <li key={i}>
                  <span className={classes.clashValue}>
                    {v.event ? <StatusPill status={v.event.status as Status} /> : <strong dir="auto">{inWords(v.value, field?.field_type) || t('job.empty')}</strong>}
                    {v.event && <span className="quiet">{[v.event.by && names(v.event.by), v.event.happened_at && when(v.event.happened_at), v.event.note].filter(Boolean).join(' · ')}</span>}
                    {i === 0 && <span className="quiet">{t('job.counts')}</span>}
                  </span>
                  {handle && edits && (
                    <Button
                      size="xs"
                      variant={i === 0 ? 'filled' : 'default'}
                      loading={busy === `${clash.field} ${i}`}
                      onClick={() => {
                        setBusy(`${clash.field} ${i}`);
                        handle
                          .settle(clash, i)
                          .catch((err: unknown) => failed(err))
                          .finally(() => setBusy(undefined));
                      }}
                    >
                      {i === 0 ? t('job.keep') : t('job.take')}
                      <span className="hidden-visually">: {v.event ? t(`status.${v.event.status as Status}`) : inWords(v.value, field?.field_type) || t('job.empty')}</span>
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
});
