import './theme/tokens.css';
import './theme/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { startServiceWorker } from './app/update.ts';
import { watchInstall } from './app/storage.ts';
import { listenEarly } from './push/inbox.ts';
import { startI18n } from './i18n/index.ts';

listenEarly();
watchInstall();
await startI18n();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
startServiceWorker();
