import { useEffect, useState, type FormEvent } from 'react';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { cameBack, hasProvider, providerStart } from './provider.ts';
import styles from './SignInPage.module.css';

/** Signs in; throws the SDK's SignInError, whose `reason` says why not. */
export type SignIn = (login: { login: string; password: string; org?: string }) => Promise<void>;

type Failure = 'wrong' | 'many' | 'offline' | 'organisation' | 'failed' | 'stranger' | 'provider';

/** Why the company's sign-in did not let in whom it sent back, by the code of the problem. */
const refusals: Record<string, Failure> = { forbidden: 'stranger', busy: 'many', unavailable: 'provider' };

interface Props {
  /** The session has ended while this person was at work. */
  expired?: boolean;
  signIn: SignIn;
  /** Loads what comes after, while the person types. Where it fails, it is asked for again when it is needed. */
  warm?: () => Promise<unknown>;
}

/** The first page of a phone that nobody is signed in on. It needs nothing of the rest of the program. */
export function SignInPage({ expired, signIn, warm }: Props) {
  const { t } = useTranslation();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [org, setOrg] = useState('');
  const [asksOrg, setAsksOrg] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(cameBack?.error ? (refusals[cameBack.error] ?? 'failed') : undefined);
  const [provider, setProvider] = useState(false);

  useEffect(() => {
    document.title = `${t('signIn.title')} · ${t('app.name')}`;
    void hasProvider().then(setProvider);
  }, [t]);

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await signIn({ login: login.trim(), password, ...(org.trim() && { org: org.trim() }) });
    } catch (error) {
      const why = (error as { reason?: Failure }).reason ?? (navigator.onLine ? 'failed' : 'offline');
      if (why === 'organisation') setAsksOrg(true);
      setFailure(why === 'organisation' && !asksOrg ? undefined : why);
      setBusy(false);
    }
  };

  const words: Record<Failure, string> = {
    wrong: t('signIn.wrong'),
    many: t('signIn.locked'),
    organisation: t('signIn.orgHelp'),
    offline: t('signIn.offline'),
    failed: t('signIn.failed'),
    stranger: t('signIn.stranger'),
    provider: t('signIn.provider'),
  };
  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={(e) => void submit(e)} onFocus={() => void warm?.().catch(() => undefined)} noValidate>
        <img src={`${import.meta.env.BASE_URL}icons/icon-192.png`} alt="" width={72} height={72} className={styles.logo} />
        <h1 className={styles.title}>{t('app.name')}</h1>
        <p className={styles.tagline}>{t('app.tagline')}</p>
        {expired && (
          <p className={styles.note} role="status">
            {t('signIn.expired')}
          </p>
        )}
        {failure && (
          <p className={styles.failure} role="alert">
            {words[failure] ?? words.failed}
          </p>
        )}
        <TextInput label={t('signIn.login')} name="login" autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} value={login} onChange={(e) => setLogin(e.currentTarget.value)} />
        <PasswordInput
          label={t('signIn.password')}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('signIn.show'), size: 40 }}
        />
        {asksOrg && <TextInput label={t('signIn.org')} description={t('signIn.orgHelp')} name="organisation" autoComplete="organization" value={org} onChange={(e) => setOrg(e.currentTarget.value)} />}
        <Button type="submit" size="lg" loading={busy} disabled={!login.trim() || !password}>
          {t('signIn.submit')}
        </Button>
        {provider && (
          <Button component="a" href={providerStart} variant="default" size="lg">
            {t('signIn.sso')}
          </Button>
        )}
        <p className={styles.board}>
          {t('signIn.notWorker')} <a href="/">{t('signIn.toBoard')}</a>
        </p>
      </form>
    </main>
  );
}
