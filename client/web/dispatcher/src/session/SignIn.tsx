import { addressOf, ApiError } from '@fieldsync/sdk';
import { Alert, Anchor, Button, PasswordInput, TextInput, Title } from '@mantine/core';
import { IconLogin2 } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../api/rest.ts';
import { useWords } from '../ui/Page.tsx';
import { refusal, signIn } from './session.ts';
import classes from './SignIn.module.css';

/** The door. One stays where one wanted to go: the address is left as it is. */
export function SignIn() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [needsOrg, setNeedsOrg] = useState(false);
  const { data: oidc } = useQuery({ queryKey: ['oidc'], queryFn: ({ signal }) => ask(api.GET('/api/v1/oidc', { signal })), retry: false, staleTime: Infinity });
  useEffect(() => {
    document.title = `${t('signIn.title')} · fieldsync`;
  }, [t]);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const org = String(form.get('org') ?? '').trim();
    setBusy(true);
    setError(undefined);
    try {
      await signIn(client, { login: String(form.get('login')).trim(), password: String(form.get('password')), ...(org ? { org } : {}) });
    } catch (err) {
      setError(err);
      if (err instanceof ApiError && err.status === 409) setNeedsOrg(true);
      setBusy(false);
    }
  };
  return (
    <main className={classes.door}>
      <form className={classes.card} onSubmit={(event) => void submit(event)}>
        <span className={classes.mark} aria-hidden />
        <Title order={1}>{t('signIn.title')}</Title>
        <p className="quiet">{t('signIn.hint')}</p>
        {error !== undefined ? <Wrong error={error} /> : refusal !== undefined && <Refused code={refusal} />}
        {/* eslint-disable-next-line jsx-a11y/no-autofocus -- the page is this form: there is nothing before it that one would miss */}
        <TextInput name="login" label={t('signIn.login')} autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} autoFocus size="md" />
        <PasswordInput
          name="password"
          label={t('signIn.password')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="md"
          visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }}
        />
        {needsOrg ? (
          <TextInput name="org" label={t('signIn.org')} description={t('signIn.orgHint')} autoComplete="organization" size="md" />
        ) : (
          <Anchor component="button" type="button" size="sm" className={classes.more!} onClick={() => setNeedsOrg(true)}>
            {t('signIn.orgAsk')}
          </Anchor>
        )}
        <Button type="submit" size="md" loading={busy} fullWidth>
          {t('signIn.submit')}
        </Button>
        {oidc?.enabled && (
          <Button component="a" href={addressOf('/api/v1/oidc/start', { query: { return: location.pathname + location.search } })} variant="default" size="md" fullWidth leftSection={<IconLogin2 size={18} />}>
            {t('signIn.oidc')}
          </Button>
        )}
        <p className={classes.worker}>
          {t('signIn.worker')} <Anchor href="/m/">{t('signIn.workerLink')}</Anchor>
        </p>
      </form>
    </main>
  );
}

function Wrong({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const words = useWords(error);
  const wrong = error instanceof ApiError && error.status === 401;
  return (
    <Alert color="red" role="alert" variant="light">
      {wrong ? t('signIn.wrong') : `${words.title} ${words.text}`}
    </Alert>
  );
}

/** Single sign-on did not let the person in. */
function Refused({ code }: { code: string }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" role="alert" variant="light">
      {code === 'forbidden' ? t('signIn.stranger') : t('signIn.noProvider')}
    </Alert>
  );
}
