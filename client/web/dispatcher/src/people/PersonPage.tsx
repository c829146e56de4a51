import { Button, Modal, PasswordInput, Select, Skeleton, Switch, Checkbox } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, type BodyOf } from '../api/rest.ts';
import { useMay, useMe, useSave } from '../api/queries.ts';
import { ROLES, type Role } from '../api/types.ts';
import { dateTime } from '../format.ts';
import classes from '../plan/Plan.module.css';
import { SaveText } from '../plan/SaveText.tsx';
import { Section } from '../plan/Section.tsx';
import { JobsOf } from '../ui/JobsOf.tsx';
import { Failure, Page } from '../ui/Page.tsx';
import { useConfirm } from '../ui/Confirm.tsx';
import { done, failed } from '../ui/toast.tsx';
import { Devices } from './Devices.tsx';

/** A person: who he is, whether he may come in, his devices, his jobs. */
export function PersonPage() {
  const { t } = useTranslation();
  const { user: id } = useParams({ from: '/in/people/$user' });
  const me = useMe();
  const { administer } = useMay();
  const confirm = useConfirm();
  const [resetting, dialog] = useDisclosure();
  const { data: user, error, refetch } = useQuery({ queryKey: ['users', id], queryFn: ({ signal }) => ask(api.GET('/api/v1/users/{user}', { params: { path: { user: id } }, signal })) });
  const save = useSave((body: BodyOf<'/api/v1/users/{user}', 'patch'>) => ask(api.PATCH('/api/v1/users/{user}', { params: { path: { user: id } }, body })), [['users']]);
  const unlock = useSave(() => ask(api.DELETE('/api/v1/users/{user}/lock', { params: { path: { user: id } } })), [['users']]);
  const endAll = useSave(() => ask(api.DELETE('/api/v1/users/{user}/devices', { params: { path: { user: id } } })), [['devices']]);
  const unlink = useSave(() => ask(api.DELETE('/api/v1/users/{user}/single-sign-on', { params: { path: { user: id } } })), [['users']]);
  if (error && !user) return <Failure page error={error} retry={refetch} />;
  if (!user)
    return (
      <Page title={t('loading')}>
        <Skeleton height={400} radius="md" />
      </Page>
    );
  const edits = administer && (user.role !== 'owner' || me.role === 'owner');
  const told = { onError: (err: unknown) => failed(err) };
  return (
    <Page title={user.name}>
      <div className={classes.columns}>
        <div>
          <Section title={t('people.account')}>
            <div className={classes.two}>
              <SaveText label={t('people.name')} value={user.name} required readOnly={!edits} save={(name) => save.mutateAsync({ name })} />
              <SaveText label={t('people.login')} value={user.login ?? ''} required readOnly={!edits} save={(login) => save.mutateAsync({ login })} />
              <Select
                label={t('people.role')}
                value={user.role ?? null}
                readOnly={!edits}
                allowDeselect={false}
                data={ROLES.filter((r) => r !== 'owner' || me.role === 'owner' || user.role === 'owner').map((value) => ({ value, label: t(`role.${value}`) }))}
                onChange={(role) => role && role !== user.role && save.mutate({ role: role as Role }, told)}
              />
              {edits && user.id !== me.id && (
                <Switch label={t('people.mayComeIn')} description={t('people.mayComeInHint')} checked={!user.disabled} onChange={(e) => (e.currentTarget.checked ? save.mutate({ disabled: false }, told) : confirm({ title: t('people.shutOutAsk', { name: user.name }), text: t('people.mayComeInHint'), does: t('people.shutOut') }, () => save.mutate({ disabled: true }, told)))} style={{ alignSelf: 'end' }} />
              )}
            </div>
            {user.created_at && <p className={classes.hint} style={{ margin: '12px 0 0' }}>{t('people.since', { at: dateTime(user.created_at) })}</p>}
          </Section>
          <Section
            title={t('people.devices')}
            actions={
              edits && (
                <Button variant="default" size="compact-sm" onClick={() => confirm({ title: t('people.endAllAsk', { name: user.name }), text: t('people.endHint.token'), does: t('people.endAll') }, () => endAll.mutate(undefined, { onSuccess: () => done(t('people.deviceEnded')), ...told }))}>
                  {t('people.endAll')}
                </Button>
              )
            }
          >
            <Devices user={id} />
          </Section>
          {edits && user.id !== me.id && (
            <Section title={t('people.signingIn')}>
              <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
                <Button variant="default" onClick={dialog.open}>
                  {t('people.resetPassword')}
                </Button>
                {user.locked && (
                  <Button variant="default" onClick={() => unlock.mutate(undefined, told)}>
                    {t('people.unlock')}
                  </Button>
                )}
                {user.single_sign_on && (
                  <Button variant="default" onClick={() => confirm({ title: t('people.unlinkAsk', { name: user.name }), text: t('people.unlinkHint'), does: t('people.unlink') }, () => unlink.mutate(undefined, told))}>
                    {t('people.unlink')}
                  </Button>
                )}
              </div>
            </Section>
          )}
        </div>
        <div>{user.role === 'worker' && <JobsOf by="assignee" id={id} />}</div>
      </div>
      <Modal opened={resetting} onClose={dialog.close} title={t('people.resetPassword')} closeButtonProps={{ 'aria-label': t('close') }}>
        <Reset user={id} close={dialog.close} />
      </Modal>
    </Page>
  );
}

function Reset({ user, close }: { user: string; close: () => void }) {
  const { t } = useTranslation();
  const reset = useSave((body: BodyOf<'/api/v1/users/{user}/password', 'put'>) => ask(api.PUT('/api/v1/users/{user}/password', { params: { path: { user } }, body })), [['users'], ['devices']]);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    reset.mutate(
      { password: String(form.get('password')), end_devices: form.get('end') === 'on' },
      {
        onSuccess: () => {
          close();
          done(t('saved'));
        },
        onError: (err) => failed(err),
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <PasswordInput name="password" label={t('people.newPassword')} description={t('people.passwordHint')} required withAsterisk={false} minLength={10} autoComplete="new-password" data-autofocus visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
      <Checkbox name="end" mt="md" label={t('people.endDevices')} description={t('people.endDevicesHint')} />
      <Button type="submit" mt="lg" loading={reset.isPending}>
        {t('save')}
      </Button>
    </form>
  );
}
