import { useState } from 'react';
import { Button, Textarea } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../ui/Card.tsx';
import { Sheet } from '../ui/Sheet.tsx';
import styles from './FinishSheet.module.css';

/** One of the ways a job may end. */
export interface Ending {
  uuid: string;
  name: string;
  successful: boolean;
  note_required: boolean;
}

interface Props {
  opened: boolean;
  endings: readonly Ending[];
  /** Names of the required fields that are not answered. */
  missing: readonly string[];
  busy: boolean;
  onClose: () => void;
  onFinish: (ending: Ending | undefined, note: string) => void;
}

/** How did it end? A resolution, its note where one is required, and what is still missing in the report. */
export function FinishSheet({ opened, endings, missing, busy, onClose, onFinish }: Props) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string>();
  const [note, setNote] = useState('');
  const [tried, setTried] = useState(false);
  const ending = endings.find((e) => e.uuid === chosen);
  const noChoice = endings.length > 0 && !ending;
  const noNote = ending?.note_required === true && note.trim() === '';
  const blocked = missing.length > 0 && ending?.successful !== false;

  return (
    <Sheet title={t('finish.title')} opened={opened} onClose={onClose}>
      <form
        className={styles.form}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          setTried(true);
          if (!noChoice && !noNote && !blocked) onFinish(ending, note.trim());
        }}
      >
        {endings.length > 0 && (
          <fieldset className={styles.endings} aria-describedby={tried && noChoice ? 'no-choice' : undefined}>
            <legend className={styles.legend}>{t('finish.how')}</legend>
            {endings.map((e) => (
              <label key={e.uuid} className={styles.ending} data-successful={e.successful}>
                <input type="radio" name="ending" value={e.uuid} checked={chosen === e.uuid} onChange={() => setChosen(e.uuid)} />
                <span className={styles.name}>{e.name}</span>
                <span className={styles.kind}>
                  {e.successful ? <IconCheck size={16} aria-hidden /> : <IconX size={16} aria-hidden />}
                  {e.successful ? t('finish.successful') : t('finish.unsuccessful')}
                </span>
              </label>
            ))}
            {tried && noChoice && (
              <p id="no-choice" className={styles.error} role="alert">
                {t('finish.choose')}
              </p>
            )}
          </fieldset>
        )}
        <Textarea
          label={t('finish.note')}
          placeholder={t('finish.noteLabel')}
          autosize={false}
          rows={3}
          value={note}
          maxLength={4000}
          required={ending?.note_required === true}
          error={tried && noNote ? t('finish.noteRequired') : undefined}
          onChange={(e) => setNote(e.currentTarget.value)}
        />
        {blocked && (
          <Card tone="warn" title={t('finish.missing')}>
            <ul className={styles.list}>
              {missing.map((name) => (
                <li key={name}>{name}</li>
              ))}
            </ul>
            <p>{t('finish.missingHelp')}</p>
          </Card>
        )}
        <Button type="submit" size="lg" loading={busy}>
          {t('finish.submit')}
        </Button>
      </form>
    </Sheet>
  );
}
