import { useEffect, useState, type FormEvent } from 'react';
import { IconEye, IconEyeOff } from '@tabler/icons-react';
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

/** The first page of a phone that nobody is signed in on. It needs nothing of the rest of the program, and no component of Mantine: plain fields are there sooner. */
export function SignInPage({ expired, signIn, warm }: Props) {
  const { t } = useTranslation();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [org, setOrg] = useState('');
  const [asksOrg, setAsksOrg] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(cameBack?.error ? (refusals[cameBack.error] ?? 'failed') : undefined);
  const [provider, setProvider] = useState(false);
  const [shown, setShown] = useState(false);

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
        <label className={styles.field}>
          {t('signIn.login')}
          <input name="login" autoComplete="username" autoCapitalize="none" spellCheck={false} required value={login} onChange={(e) => setLogin(e.currentTarget.value)} />
        </label>
        <div className={styles.secret}>
          <label className={styles.field}>
            {t('signIn.password')}
            <input type={shown ? 'text' : 'password'} name="password" autoComplete="current-password" autoCapitalize="none" spellCheck={false} required value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
          </label>
          <button type="button" className={styles.show} aria-label={t('signIn.show')} aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? <IconEyeOff size={20} aria-hidden /> : <IconEye size={20} aria-hidden />}
          </button>
        </div>
        {asksOrg && (
          <label className={styles.field}>
            {t('signIn.org')}
            <input name="organisation" autoComplete="organization" aria-describedby="org-help" value={org} onChange={(e) => setOrg(e.currentTarget.value)} />
            <span id="org-help" className={styles.help}>
              {t('signIn.orgHelp')}
            </span>
          </label>
        )}
        <button type="submit" className={styles.submit} aria-busy={busy} disabled={busy || !login.trim() || !password}>
          {t('signIn.submit')}
        </button>
        {provider && (
          <a href={providerStart} className={styles.other}>
            {t('signIn.sso')}
          </a>
        )}
        <p className={styles.board}>
          {t('signIn.notWorker')} <a href="/">{t('signIn.toBoard')}</a>
        </p>
      </form>
    </main>
  );
}
