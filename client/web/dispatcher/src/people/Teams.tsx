import { ActionIcon, Button, Group, Modal, MultiSelect, Select, Skeleton, TextInput } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash, IconUsersGroup } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, type BodyOf } from '../api/rest.ts';
import { teamsQuery, useMay, useNames, useSave, useWorkers } from '../api/queries.ts';
import type { Team } from '../api/types.ts';
import book from '../ui/Book.module.css';
import { Empty, Failure } from '../ui/Page.tsx';
import { useConfirm } from '../ui/Confirm.tsx';
import { failed } from '../ui/toast.tsx';

/** People who work together: the foreman fills in the report. */
export function Teams() {
  const { t } = useTranslation();
  const names = useNames();
  const { administer } = useMay();
  const confirm = useConfirm();
  const { data, error, isPending, refetch } = useQuery(teamsQuery);
  const [editing, setEditing] = useState<Team | 'new'>();
  const remove = useSave((id: string) => ask(api.DELETE('/api/v1/teams/{team}', { params: { path: { team: id } } })), [['teams']]);
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton height={160} radius="md" />;
  const add = administer && (
    <Button variant="light" leftSection={<IconPlus size={16} />} onClick={() => setEditing('new')}>
      {t('people.addTeam')}
    </Button>
  );
  return (
    <>
      {data?.length === 0 ? (
        <Empty title={t('people.noTeams')} action={add}>
          {t('people.noTeamsHint')}
        </Empty>
      ) : (
        <>
          <ul className={book.list}>
            {data?.map((team) => (
              <li key={team.id} className={book.line}>
                <IconUsersGroup size={22} stroke={1.5} aria-hidden />
                <span className={book.main}>
                  <span className={book.name}>{team.name}</span>
                  <span className={book.sub}>{[t('people.foremanIs', { name: names(team.foreman) }), ...team.members.filter((m) => m !== team.foreman).map(names)].join(' · ')}</span>
                </span>
                {administer && (
                  <span className={book.side}>
                    <ActionIcon aria-label={`${t('edit')}: ${team.name}`} onClick={() => setEditing(team)}>
                      <IconPencil size={18} />
                    </ActionIcon>
                    <ActionIcon aria-label={`${t('remove')}: ${team.name}`} onClick={() => confirm({ title: t('people.removeTeamAsk', { name: team.name }), text: t('people.removeTeamHint'), does: t('remove') }, () => remove.mutate(team.id, { onError: (err) => failed(err) }))}>
                      <IconTrash size={18} />
                    </ActionIcon>
                  </span>
                )}
              </li>
            ))}
          </ul>
          <div style={{ marginBlockStart: 12 }}>{add}</div>
        </>
      )}
      <Modal opened={editing !== undefined} onClose={() => setEditing(undefined)} title={editing === 'new' ? t('people.addTeam') : t('people.team')} closeButtonProps={{ 'aria-label': t('close') }}>
        {editing && <TeamForm team={editing === 'new' ? undefined : editing} done={() => setEditing(undefined)} />}
      </Modal>
    </>
  );
}

function TeamForm({ team, done }: { team: Team | undefined; done: () => void }) {
  const { t } = useTranslation();
  const workers = useWorkers().map((w) => ({ value: w.id, label: w.name }));
  const [foreman, setForeman] = useState<string | null>(team?.foreman ?? null);
  const [members, setMembers] = useState<string[]>(team?.members.filter((m) => m !== team.foreman) ?? []);
  const save = useSave((body: BodyOf<'/api/v1/teams', 'post'>) => ask(team ? api.PATCH('/api/v1/teams/{team}', { params: { path: { team: team.id } }, body }) : api.POST('/api/v1/teams', { body })), [['teams']]);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    if (!foreman) return;
    save.mutate({ name, foreman, members: [...new Set([foreman, ...members])] }, { onSuccess: done, onError: (err) => failed(err) });
  };
  return (
    <form onSubmit={submit}>
      <TextInput name="name" label={t('people.teamName')} defaultValue={team?.name ?? ''} required withAsterisk={false} maxLength={200} data-autofocus />
      <Select label={t('people.foreman')} description={t('people.foremanHint')} mt="sm" data={workers} value={foreman} onChange={setForeman} searchable />
      <MultiSelect label={t('people.members')} mt="sm" data={workers.filter((w) => w.value !== foreman)} value={members.filter((m) => m !== foreman)} onChange={setMembers} searchable />
      <Group mt="lg">
        <Button type="submit" loading={save.isPending} disabled={!foreman}>
          {t('save')}
        </Button>
      </Group>
    </form>
  );
}
