import { Select, TagsInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { FIELD_TYPES, type Field } from '../api/types.ts';
import { failed } from '../ui/toast.tsx';
import type { Book } from './entries.ts';
import { EntryList } from './EntryList.tsx';
import classes from './Plan.module.css';
import { SaveCheckbox } from './SaveCheckbox.tsx';
import { SaveText } from './SaveText.tsx';

/** What is asked: fields of every kind. */
export function FieldsEditor({ list, fields, book, edits }: { list: 'custom_fields' | 'report_fields'; fields: readonly Field[]; book: Book; edits: boolean }) {
  const { t } = useTranslation();
  return (
    <EntryList
      list={list}
      entries={fields}
      nameOf={(f) => f.name}
      book={book}
      edits={edits}
      add={t('plan.addField')}
      empty={t(`plan.no.${list}`)}
      fresh={() => ({ name: t('plan.newField'), field_type: 'text' })}
    >
      {(field) => {
        const set = (entry: Record<string, unknown>): void => void book.set(list, field.uuid, entry).catch(failed);
        return (
          <div className={classes.field}>
            <SaveText label={t('plan.name')} name={t('plan.name')} value={field.name} maxLength={200} required readOnly={!edits} save={(name) => book.set(list, field.uuid, { name })} />
            <Select
              label={t('plan.kind')}
              value={field.field_type}
              data={FIELD_TYPES.map((value) => ({ value, label: t(`plan.kinds.${value}`) }))}
              allowDeselect={false}
              readOnly={!edits}
              onChange={(value) => value && value !== field.field_type && set({ field_type: value, ...(value === 'pick_list' && !field.options?.length ? { options: [t('plan.newOption')] } : {}) })}
            />
            <div className={classes.flags}>
              {(['required', 'hidden', 'read_only'] as const).map((flag) => (
                <SaveCheckbox key={flag} label={t(`plan.flags.${flag}`)} checked={field[flag]} disabled={!edits} save={(on) => book.set(list, field.uuid, { [flag]: on })} />
              ))}
            </div>
            {field.field_type === 'pick_list' && (
              <TagsInput className={classes.options!} label={t('plan.options')} description={edits ? t('plan.optionsHint') : undefined} value={field.options ?? []} readOnly={!edits} onChange={(options) => set({ options })} />
            )}
          </div>
        );
      }}
    </EntryList>
  );
}
