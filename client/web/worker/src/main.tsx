import '../../boot/boot.css';
import './theme/tokens.css';
import './theme/base.css';
import { StrictMode, startTransition } from 'react';
import { createRoot } from 'react-dom/client';
import { App, workOfWhoIsKnown } from './app/App.tsx';
import { startServiceWorker } from './app/update.ts';
import { watchInstall } from './app/storage.ts';
import { listenEarly } from './push/inbox.ts';
import { startI18n } from './i18n/index.ts';

listenEarly();
watchInstall();
await startI18n();
try {
  const work = await workOfWhoIsKnown();
  const root = createRoot(document.getElementById('root')!);
  // In slices, so that a tap is answered in between.
  startTransition(() =>
    root.render(
      <StrictMode>
        <App work={work} />
      </StrictMode>,
    ),
  );
} finally {
  startServiceWorker();
}
