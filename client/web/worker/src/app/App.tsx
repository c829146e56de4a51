import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cameBack } from '../session/provider.ts';
import { SignInPage, type SignIn } from '../session/SignInPage.tsx';
import { wasSignedIn } from './known.ts';

// What a worker works with: the SDK and all pages. It comes while the first paint is looked at; the form to sign in needs none of it.
const load = () => import('./signed-in.tsx');
const Work = lazy(() => load().then((m) => ({ default: m.Work })));

const signIn: SignIn = async (login) => {
  const { theClient } = await load();
  await theClient().signIn(login);
};

/** The app: the form at once for who is not known here, else the work. */
export function App() {
  const [known, setKnown] = useState(() => wasSignedIn() || (cameBack !== undefined && !cameBack.error)); // the company's sign-in gave a session
  if (known) {
    return (
      <Suspense fallback={<Boot />}>
        <Work />
      </Suspense>
    );
  }
  return (
    <SignInPage
      signIn={async (login) => {
        await signIn(login);
        setKnown(true);
      }}
      warm={async () => (await load()).theClient().prepare()}
    />
  );
}

/** What stands there until the program has loaded: the same as in index.html. */
export function Boot() {
  const { t } = useTranslation();
  return (
    <main className="boot" aria-busy="true">
      <h1>{t('app.name')}</h1>
    </main>
  );
}
