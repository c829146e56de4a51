import { useState, type ComponentType } from 'react';
import { useTranslation } from 'react-i18next';
import { cameBack } from '../session/provider.ts';
import { SignInPage } from '../session/SignInPage.tsx';
import { wasSignedIn } from './known.ts';

// What a worker works with: the SDK and all pages. The form to sign in needs none of it.
const load = () => import('./signed-in.tsx');

/** The work, ready to be rendered in one go, where somebody is known here; what stands in index.html is looked at meanwhile. undefined: somebody has to sign in. */
export async function workOfWhoIsKnown(): Promise<ComponentType | undefined> {
  const known = wasSignedIn() || (cameBack !== undefined && !cameBack.error); // the company's sign-in gave a session
  return known ? (await load()).prepared() : undefined;
}

/** The app: the form at once for who is not known here, else the work. */
export function App({ work }: { work: ComponentType | undefined }) {
  const [Work, setWork] = useState(() => work);
  if (Work) return <Work />;
  return (
    <SignInPage
      signIn={async (login) => {
        const { prepared, theClient } = await load();
        await theClient().signIn(login);
        const known = await prepared();
        setWork(() => known);
      }}
      warm={async () => (await load()).theClient().prepare()}
    />
  );
}

/** What stands there until it is known who is signed in: the same as in index.html. */
export function Boot() {
  const { t } = useTranslation();
  return (
    <main className="boot" aria-busy="true">
      <h1>{t('app.name')}</h1>
    </main>
  );
}
