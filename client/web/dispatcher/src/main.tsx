import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '../../boot/boot.css';
import './theme.css';
import { ApiError } from '@fieldsync/sdk';
import { DirectionProvider, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { meQuery } from './api/queries.ts';
import { onSignedOut } from './api/rest.ts';
import { startI18n } from './i18n.ts';
import { makeRouter } from './router.tsx';
import { theme } from './theme.ts';

// The server's nonce for <style> elements; Mantine and the scroll lock of its dialogs make some.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
setNonce(nonce);

const client = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: 'always', // what the browser says of the network is a hint; a request knows
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.temporary),
      retryDelay: (attempt) => 400 * 2 ** attempt,
      staleTime: 5_000,
    },
    mutations: { networkMode: 'always' },
  },
});
onSignedOut(() => client.setQueryData(meQuery.queryKey, null));

const router = makeRouter(client);
await startI18n();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <DirectionProvider initialDirection={document.documentElement.dir === 'rtl' ? 'rtl' : 'ltr'}>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </DirectionProvider>
  </StrictMode>,
);
