import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { given, readBook, type Book } from '../api/rest.ts';
import type { Ref } from '../api/types.ts';

interface Props {
  book: Book;
  label: string;
  value: Ref | undefined;
  /** null takes it away; a uuid leads to a document, whose name the server fills in. */
  change: (value: { uuid: string } | null) => void;
  readOnly?: boolean;
  name?: string;
}

/** Chooses a client, a site or a template: the server searches while one types. */
export function BookSelect({ book, label, value, change, readOnly = false, name }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const chosen = value?.name ?? '';
  const [q] = useDebouncedValue(text === chosen ? '' : text.trim(), 200);
  const { data } = useQuery({
    queryKey: [book, 'choose', q],
    queryFn: async ({ signal }) => (await readBook(book, { ...given({ q }), limit: 50 }, signal)).rows,
    placeholderData: keepPreviousData,
    staleTime: 15_000,
    enabled: !readOnly,
  });
  const id = value?.uuid ?? (value?.name ? `name:${value.name}` : null);
  const options = (data ?? []).map((row) => ({ value: row.id, label: row.name || row.id }));
  if (id && !options.some((o) => o.value === id)) options.unshift({ value: id, label: value?.name ?? id });
  return (
    <Select
      label={label}
      name={name ?? book}
      data={options}
      value={id}
      readOnly={readOnly}
      searchable
      clearable
      searchValue={text}
      onSearchChange={setText}
      filter={q ? ({ options: all }) => all : undefined!}
      nothingFoundMessage={t('office.noMatch')}
      clearButtonProps={{ 'aria-label': t('clear') }}
      onChange={(next) => change(next && !next.startsWith('name:') ? { uuid: next } : null)}
    />
  );
}
