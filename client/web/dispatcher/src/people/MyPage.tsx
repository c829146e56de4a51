import { Button, Checkbox, PasswordInput } from '@mantine/core';
import { useRef, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, type BodyOf } from '../api/rest.ts';
import { useMe, useSave } from '../api/queries.ts';
import type { Role } from '../api/types.ts';
import { Section } from '../plan/Section.tsx';
import { Page } from '../ui/Page.tsx';
import { done, failed } from '../ui/toast.tsx';
import { Devices } from './Devices.tsx';
import { Notices } from './Notices.tsx';

/** One's own account: password and devices. */
export function MyPage() {
  const { t } = useTranslation();
  const me = useMe();
  const form = useRef<HTMLFormElement>(null);
  const change = useSave((body: BodyOf<'/api/v1/me/password', 'put'>) => ask(api.PUT('/api/v1/me/password', { body })), [['devices']]);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    change.mutate(
      { old_password: String(data.get('old')), new_password: String(data.get('new')), end_devices: data.get('end') === 'on' },
      {
        onSuccess: () => {
          form.current?.reset();
          done(t('saved'));
        },
        onError: (err) => failed(err),
      },
    );
  };
  return (
    <Page title={t('nav.me')}>
      <Section title={me.name}>
        <p className="quiet">{[me.login, t(`role.${(me.role ?? 'worker') as Role}`), me.organisation.name].join(' · ')}</p>
      </Section>
      {me.has_password && (
        <Section title={t('people.changePassword')}>
          <form ref={form} onSubmit={submit} style={{ display: 'flex', flexDirection: 'column', gap: 12, maxInlineSize: 380 }}>
            <input type="text" name="username" autoComplete="username" value={me.login ?? ''} readOnly hidden />
            <PasswordInput name="old" label={t('people.oldPassword')} required withAsterisk={false} autoComplete="current-password" visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
            <PasswordInput name="new" label={t('people.newPassword')} description={t('people.passwordRules')} required withAsterisk={false} minLength={10} autoComplete="new-password" visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
            <Checkbox name="end" label={t('people.endDevices')} description={t('people.endDevicesHint')} />
            <Button type="submit" loading={change.isPending} style={{ alignSelf: 'start' }}>
              {t('save')}
            </Button>
          </form>
        </Section>
      )}
      <Notices />
      <Section title={t('people.devices')}>
        <Devices user={me.id} />
      </Section>
    </Page>
  );
}
