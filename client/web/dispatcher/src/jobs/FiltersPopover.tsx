import { Badge, Button, Checkbox, MultiSelect, Popover, TextInput } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { bookQuery, useUsers } from '../api/queries.ts';
import { countFilters, dayOf, listOf, type JobSearch } from './filters.ts';
import classes from './Jobs.module.css';

type Set = (change: Partial<Record<keyof JobSearch, string | undefined>>) => void;

/** The filters beside words and status. What is asked for is in the address at once. */
export function FiltersPopover({ search, set }: { search: JobSearch; set: Set }) {
  const { t } = useTranslation();
  const n = countFilters(search);
  return (
    <Popover position="bottom-start" shadow="md" trapFocus withinPortal>
      <Popover.Target>
        <Button variant="default" leftSection={<IconFilter size={16} />} rightSection={n > 0 && <Badge circle>{n}</Badge>}>
          {t('jobs.filters')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown data-popover aria-label={t('jobs.filters')}>
        <Form search={search} set={set} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Form({ search, set }: { search: JobSearch; set: Set }) {
  const { t } = useTranslation();
  const { data: users } = useUsers();
  const { data: templates } = useQuery(bookQuery('templates'));
  const { data: clients } = useQuery(bookQuery('clients'));
  const { data: sites } = useQuery(bookQuery('sites'));
  const people = (users ?? []).filter((u) => u.role === 'worker').map((u) => ({ value: u.id, label: u.name }));
  const books = { template: templates, client: clients, site: sites };
  const join = (values: string[]): string | undefined => values.join(',') || undefined;
  return (
    <div className={classes.form} tabIndex={-1} data-autofocus>
      <MultiSelect label={t('jobs.by.assignee')} data={people} value={listOf(search.assignee)} onChange={(v) => set({ assignee: join(v) })} searchable clearable nothingFoundMessage={t('office.noMatch')} comboboxProps={{ withinPortal: false }} />
      <Checkbox label={t('jobs.by.unassigned')} checked={search.unassigned === 'true'} onChange={(e) => set({ unassigned: e.currentTarget.checked ? 'true' : undefined })} />
      <TextInput type="date" label={t('jobs.by.from')} value={search.from ? dayOf(search.from) : ''} onChange={(e) => set({ from: e.currentTarget.value || undefined })} />
      <TextInput type="date" label={t('jobs.by.to')} value={search.to ? dayOf(search.to) : ''} onChange={(e) => set({ to: e.currentTarget.value || undefined })} />
      {(['client', 'site', 'template'] as const).map((name) => (
        <MultiSelect
          key={name}
          label={t(`jobs.by.${name}`)}
          data={known(books[name] ?? [], listOf(search[name]))}
          value={listOf(search[name])}
          onChange={(v) => set({ [name]: join(v) })}
          searchable
          clearable
          limit={50}
          nothingFoundMessage={t('office.noMatch')}
          comboboxProps={{ withinPortal: false }}
        />
      ))}
      {(['territory', 'type', 'skill', 'external_id'] as const).map((name) => (
        <Later key={name} label={t(`jobs.by.${name}`)} value={search[name] ?? ''} change={(v) => set({ [name]: v || undefined })} />
      ))}
      <Checkbox className={classes.wide!} label={t('jobs.by.clash')} checked={search.clash === 'true'} onChange={(e) => set({ clash: e.currentTarget.checked ? 'true' : undefined })} />
    </div>
  );
}

/** The entries of a book to choose from; what is chosen and not in the book stays to be seen. */
function known(rows: { id: string; name?: string }[], chosen: string[]): { value: string; label: string }[] {
  const ids = new Set(rows.map((r) => r.id));
  return [...rows.map((r) => ({ value: r.id, label: r.name || r.id })), ...chosen.filter((c) => !ids.has(c)).map((c) => ({ value: c, label: c }))];
}

/** A field whose words count when one leaves it or presses Enter. */
function Later({ label, value, change }: { label: string; value: string; change: (value: string) => void }) {
  return (
    <TextInput
      key={value}
      label={label}
      defaultValue={value}
      onBlur={(e) => e.currentTarget.value !== value && change(e.currentTarget.value.trim())}
      onKeyDown={(e) => e.key === 'Enter' && change(e.currentTarget.value.trim())}
    />
  );
}
