import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconPlus, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { failed, undoable } from '../ui/toast.tsx';
import type { Book, Entries } from './entries.ts';
import classes from './Plan.module.css';

interface Props<T> {
  list: Entries;
  entries: readonly T[];
  nameOf: (entry: T) => string;
  book: Book;
  edits: boolean;
  add: string;
  /** What a new entry is. */
  fresh: () => Record<string, unknown>;
  children: (entry: T) => ReactNode;
  empty: string;
}

/** Entries one can add to, take out of, and put in another order. */
export function EntryList<T extends { uuid: string }>({ list, entries, nameOf, book, edits, add, fresh, children, empty }: Props<T>) {
  const { t } = useTranslation();
  const remove = (entry: T, at: number): void => {
    const back = async (): Promise<void> => {
      await book.put(list, entry);
      await book.move(list, entry.uuid, at + 1 - entries.length);
    };
    void book.remove(list, entry.uuid).then((is) => is && undoable(t('plan.removed', { name: nameOf(entry) }), () => void back().catch(failed)));
  };
  return (
    <>
      {entries.length === 0 && <p className="quiet">{empty}</p>}
      <ul className={classes.entries}>
        {entries.map((entry, i) => {
          const name = nameOf(entry);
          return (
            <li key={entry.uuid} className={classes.entry}>
              <div className={classes.entryBody}>{children(entry)}</div>
              {edits && (
                <div className={classes.entryTools}>
                  <ActionIcon aria-label={t('plan.up', { name })} disabled={i === 0} onClick={() => void book.move(list, entry.uuid, -1)}>
                    <IconChevronUp size={17} />
                  </ActionIcon>
                  <ActionIcon aria-label={t('plan.down', { name })} disabled={i === entries.length - 1} onClick={() => void book.move(list, entry.uuid, 1)}>
                    <IconChevronDown size={17} />
                  </ActionIcon>
                  <Tooltip label={t('remove')}>
                    <ActionIcon aria-label={t('plan.remove', { name })} onClick={() => remove(entry, i)}>
                      <IconTrash size={17} />
                    </ActionIcon>
                  </Tooltip>
                </div>
              )}
            </li>
          );
        })}
      </ul>
      {edits && (
        <Button variant="light" size="xs" leftSection={<IconPlus size={15} />} onClick={() => void book.add(list, fresh())}>
          {add}
        </Button>
      )}
    </>
  );
}
