import wasm from '@automerge/automerge/automerge.wasm?url';
import { createClient } from '@fieldsync/sdk';
import { ClientProvider, useSession } from '@fieldsync/sdk/react';
import { createRouter, RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { SignInPage } from '../session/SignInPage.tsx';
import { NotWorker } from '../session/NotWorker.tsx';
import { Boot } from './App.tsx';
import { setSignedIn } from './known.ts';
import { hearOfEvents } from './events.ts';
import { routeTree } from './routes.tsx';

/** This tab's replica, its sync and its files. */
export const client = createClient({ wasm });

const router = createRouter({ routeTree, basepath: '/m', scrollRestoration: true, defaultPreload: false });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

hearOfEvents(client, router);

/** Everything behind the sign-in. */
export function Work() {
  return (
    <ClientProvider client={client}>
      <Gate />
    </ClientProvider>
  );
}

function Gate() {
  const session = useSession();
  useEffect(() => {
    if (session.state !== 'unknown') setSignedIn(session.state === 'signed-in');
  }, [session.state]);
  if (session.state === 'unknown') return <Boot />;
  if (session.state === 'signed-out') {
    return (
      <SignInPage
        expired={session.reason === 'expired' || session.reason === 'revoked'}
        signIn={async (login) => {
          await client.signIn(login);
        }}
      />
    );
  }
  if (session.who.role !== 'worker') return <NotWorker name={session.who.name} />;
  return <RouterProvider router={router} />;
}
