import { Button, Checkbox, NativeSelect, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import type { FieldValue } from '@fieldsync/sdk';
import { useTranslation } from 'react-i18next';
import { number, parseNumber } from '../i18n/format.ts';
import { useDraft } from '../ui/draft.ts';
import { useShown } from '../ui/shown.ts';
import styles from './FieldInput.module.css';

export interface Question {
  uuid: string;
  name: string;
  field_type: string;
  required: boolean;
  options: readonly string[];
  value: FieldValue;
}

interface Props {
  field: Question;
  disabled: boolean;
  /** Writes the answer; null takes it away. Answers whether it was written. */
  onAnswer: (value: FieldValue) => Promise<boolean>;
}

/** The answer to one question of the report that is not a file. What is typed is written when the field is left, or after a pause, so that a call in between costs nothing. */
export function FieldInput({ field, disabled, onAnswer }: Props) {
  const { t } = useTranslation();
  const [shown, setShown] = useShown(field.value, onAnswer);
  const label = field.required ? `${field.name} (${t('common.required')})` : field.name;
  switch (field.field_type) {
    case 'yes_no': {
      const name = `field-${field.uuid}`;
      const now = typeof shown === 'boolean' ? String(shown) : '';
      return (
        <fieldset disabled={disabled}>
          <legend className={styles.legend}>{label}</legend>
          <div className={styles.pair}>
            <SegmentedControl
              name={name}
              size="md"
              disabled={disabled}
              value={now}
              onChange={(v) => setShown(v === 'true')}
              data={[
                { value: 'true', label: t('common.yes') },
                { value: 'false', label: t('common.no') },
              ]}
            />
            {now && !disabled && (
              <Button variant="subtle" color="gray" onClick={() => setShown(null)} aria-label={`${t('report.clear')}: ${field.name}`}>
                {t('report.clear')}
              </Button>
            )}
          </div>
        </fieldset>
      );
    }
    case 'action':
      return <Checkbox size="md" classNames={{ body: styles.tick!, label: styles.tickLabel! }} label={label} checked={shown === true} disabled={disabled} onChange={(e) => setShown(e.currentTarget.checked)} />;
    case 'pick_list': {
      const value = typeof shown === 'string' ? shown : '';
      const options = value && !field.options.includes(value) ? [value, ...field.options] : field.options;
      return (
        <NativeSelect
          label={label}
          disabled={disabled}
          value={value}
          onChange={(e) => setShown(e.currentTarget.value || null)}
          data={[{ value: '', label: t('report.pick') }, ...options.map((o) => ({ value: o, label: o }))]}
        />
      );
    }
    case 'date':
      return <TextInput type="date" label={label} disabled={disabled} value={typeof shown === 'string' ? shown : ''} onChange={(e) => setShown(e.currentTarget.value || null)} />;
    case 'number':
      return <NumberAnswer label={label} field={field} disabled={disabled} onAnswer={onAnswer} />;
    default:
      return <TextAnswer label={label} field={field} disabled={disabled} onAnswer={onAnswer} />;
  }
}

function NumberAnswer({ label, field, disabled, onAnswer }: Props & { label: string }) {
  const { t } = useTranslation();
  const shown = typeof field.value === 'number' ? number(field.value) : '';
  const draft = useDraft(shown, disabled, (text) => {
    if (text.trim() === '') void onAnswer(null);
    else {
      const n = parseNumber(text);
      if (n !== undefined) void onAnswer(n);
    }
  });
  const wrong = draft.value.trim() !== '' && parseNumber(draft.value) === undefined;
  return <TextInput label={label} inputMode="decimal" disabled={disabled} error={wrong ? t('report.number') : undefined} {...draft} />;
}

function TextAnswer({ label, field, disabled, onAnswer }: Props & { label: string }) {
  const draft = useDraft(typeof field.value === 'string' ? field.value : '', disabled, (text) => void onAnswer(text));
  return <Textarea label={label} autosize minRows={1} maxRows={12} disabled={disabled} maxLength={20000} {...draft} />;
}
