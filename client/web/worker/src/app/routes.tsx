import { createRootRoute, createRoute, Link } from '@tanstack/react-router';
import { Button } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { CalendarPage } from '../jobs/CalendarPage.tsx';
import { JobsPage } from '../jobs/JobsPage.tsx';
import { NewJobPage } from '../jobs/NewJobPage.tsx';
import { JobPage } from '../job/JobPage.tsx';
import { tabs, type Tab } from '../job/Tabs.tsx';
import { HelpPage } from '../settings/HelpPage.tsx';
import { LocationPage } from '../settings/LocationPage.tsx';
import { MenuPage } from '../settings/MenuPage.tsx';
import { NotificationsPage } from '../settings/NotificationsPage.tsx';
import { StoragePage } from '../settings/StoragePage.tsx';
import { RefusedPage } from '../sync/RefusedPage.tsx';
import { UnsentPage } from '../sync/UnsentPage.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import { Failed } from './Failed.tsx';
import { Frame } from './Frame.tsx';

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: Failed });
const page = <Path extends string>(path: Path, component: () => React.ReactNode) => createRoute({ getParentRoute: () => root, path, component });

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$id',
  component: JobPage,
  validateSearch: (s: Record<string, unknown>): { tab?: Tab } => {
    const tab = tabs.find((x) => x === s['tab']);
    return tab ? { tab } : {};
  },
});

export const routeTree = root.addChildren([
  page('/', JobsPage),
  page('/calendar', CalendarPage),
  page('/unsent', UnsentPage),
  page('/refused', RefusedPage),
  page('/menu', MenuPage),
  page('/notifications', NotificationsPage),
  page('/storage', StoragePage),
  page('/location', LocationPage),
  page('/help', HelpPage),
  page('/new', NewJobPage),
  job,
]);

function NotFound() {
  const { t } = useTranslation();
  return (
    <Page title={t('error.notFound')}>
      <Empty icon={IconMapOff} title={t('error.notFound')}>
        <Button component={Link} to="/">
          {t('error.toJobs')}
        </Button>
      </Empty>
    </Page>
  );
}
