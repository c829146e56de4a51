import './theme/mantine.ts';
import './theme/tokens.css';
import './theme/base.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { startServiceWorker } from './app/update.ts';
import { watchInstall } from './app/storage.ts';
import { listenEarly } from './push/inbox.ts';
import { startI18n } from './i18n/index.ts';
import { theme } from './theme/theme.ts';

listenEarly();
watchInstall();
await startI18n();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <App />
    </MantineProvider>
  </StrictMode>,
);
startServiceWorker();
