import { Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Contact, Item, PossibleResolution } from '../api/types.ts';
import { failed } from '../ui/toast.tsx';
import type { Book } from './entries.ts';
import { EntryList } from './EntryList.tsx';
import classes from './Plan.module.css';
import { SaveCheckbox } from './SaveCheckbox.tsx';
import { SaveText } from './SaveText.tsx';

interface Props<T> {
  entries: readonly T[];
  book: Book;
  edits: boolean;
}

/** What is to be ticked. */
export function ChecklistEditor({ entries, book, edits }: Props<Item>) {
  const { t } = useTranslation();
  return (
    <EntryList list="checklist" entries={entries} nameOf={(i) => i.text} book={book} edits={edits} add={t('plan.addItem')} empty={t('plan.no.checklist')} fresh={() => ({ text: t('plan.newItem') })}>
      {(item) => <SaveText label={t('plan.item')} hideLabel value={item.text} required readOnly={!edits} save={(text) => book.set('checklist', item.uuid, { text })} />}
    </EntryList>
  );
}

/** How a job may end. */
export function ResolutionsEditor({ entries, book, edits }: Props<PossibleResolution>) {
  const { t } = useTranslation();
  return (
    <EntryList
      list="possible_resolutions"
      entries={entries}
      nameOf={(r) => r.name}
      book={book}
      edits={edits}
      add={t('plan.addResolution')}
      empty={t('plan.no.possible_resolutions')}
      fresh={() => ({ name: t('plan.newResolution'), successful: true })}
    >
      {(r) => (
        <div className={classes.resolution}>
          <SaveText label={t('plan.name')} hideLabel value={r.name} required readOnly={!edits} save={(name) => book.set('possible_resolutions', r.uuid, { name })} />
          <SaveCheckbox label={t('plan.successful')} checked={r.successful} disabled={!edits} save={(successful) => book.set('possible_resolutions', r.uuid, { successful })} />
          <SaveCheckbox label={t('plan.noteRequired')} checked={r.note_required} disabled={!edits} save={(note_required) => book.set('possible_resolutions', r.uuid, { note_required })} />
        </div>
      )}
    </EntryList>
  );
}

/** Whom to call or write to. */
export function ContactsEditor({ entries, book, edits }: Props<Contact>) {
  const { t } = useTranslation();
  return (
    <EntryList list="contacts" entries={entries} nameOf={(c) => c.name ?? ''} book={book} edits={edits} add={t('plan.addContact')} empty={t('plan.no.contacts')} fresh={() => ({ name: t('plan.newContact'), type: 'phone' })}>
      {(c) => (
        <div className={classes.contact}>
          <SaveText label={t('plan.name')} hideLabel value={c.name ?? ''} readOnly={!edits} save={(name) => book.set('contacts', c.uuid, { name })} />
          <Select
            aria-label={t('plan.contactKind')}
            value={c.type ?? 'phone'}
            data={[...new Set(['phone', 'email', 'other', c.type ?? 'phone'])].map((value) => ({ value, label: t(`plan.contactKinds.${value as 'phone'}`, { defaultValue: value }) }))}
            allowDeselect={false}
            readOnly={!edits}
            onChange={(type) => type && void book.set('contacts', c.uuid, { type }).catch(failed)}
          />
          <SaveText
            label={t('plan.contactValue')}
            hideLabel
            placeholder={t('plan.contactValue')}
            value={c.value ?? ''}
            type={c.type === 'email' ? 'email' : 'tel'}
            readOnly={!edits}
            save={(value) => book.set('contacts', c.uuid, { value })}
          />
        </div>
      )}
    </EntryList>
  );
}
