import '../theme/mantine.ts'; // before the styles of what is built of it
import { MantineProvider } from '@mantine/core';
import { createClient, type Client } from '@fieldsync/sdk';
import { ClientProvider, useSession } from '@fieldsync/sdk/react';
import { createRouter, RouterProvider } from '@tanstack/react-router';
import { useDeferredValue, useEffect, type ComponentType } from 'react';
import { SignInPage } from '../session/SignInPage.tsx';
import { NotWorker } from '../session/NotWorker.tsx';
import { Boot } from './App.tsx';
import { setSignedIn } from './known.ts';
import { keepSubscribed } from '../push/registration.ts';
import { askToKeep } from './storage.ts';
import { hearOfEvents } from './events.ts';
import { loadRest, routeTree } from './routes.tsx';
import { theme } from '../theme/theme.ts';
import { compiled } from './wasm.ts';

const router = createRouter({ routeTree, basepath: '/m', scrollRestoration: true, defaultPreload: false });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

let made: Client | undefined;

/** This tab's replica, its sync and its files: made when somebody is signed in, or signs in. */
export function theClient(): Client {
  if (!made) {
    made = createClient({ wasm: compiled });
    hearOfEvents(made, router);
    keepSubscribed(made);
  }
  return made;
}

/**
 * The work, when all is there that its first page is rendered from: who is signed in and his rows, and the page that the address names. Without it the router
 * would find its page while it is rendered, and have React render that at once and in one piece.
 */
export async function prepared(): Promise<ComponentType> {
  const found = router.load().catch(() => undefined); // the router says on its page what went wrong
  await Promise.all([theClient().restored, found]);
  return Work;
}

/** Everything behind the sign-in. */
function Work() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <ClientProvider client={theClient()}>
        <Gate />
      </ClientProvider>
    </MantineProvider>
  );
}

function Gate() {
  const now = useSession();
  // Who comes in sees the first page rendered in pieces, so that a tap is answered in between; who is signed out goes at once.
  const entering = useDeferredValue(now).state === 'unknown' && now.state === 'signed-in';
  const session = entering ? ({ state: 'unknown' } as const) : now;
  useEffect(() => {
    if (session.state !== 'unknown') setSignedIn(session.state === 'signed-in');
    if (session.state !== 'signed-in') return;
    loadRest();
    void askToKeep(theClient());
  }, [session.state]);
  if (session.state === 'unknown') return <Boot />;
  if (session.state === 'signed-out') {
    return (
      <SignInPage
        expired={session.reason === 'expired' || session.reason === 'revoked'}
        signIn={async (login) => {
          await theClient().signIn(login);
        }}
      />
    );
  }
  if (session.who.role !== 'worker') return <NotWorker name={session.who.name} />;
  return <RouterProvider router={router} />;
}
