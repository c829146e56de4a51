import { createRootRoute, createRoute, lazyRouteComponent, Link, type RouteComponent } from '@tanstack/react-router';
import { Button } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { CalendarPage } from '../jobs/CalendarPage.tsx';
import { JobsPage } from '../jobs/JobsPage.tsx';
import { tabs, type Tab } from '../job/parts.ts';
import { MenuPage } from '../settings/MenuPage.tsx';
import { UnsentPage } from '../sync/UnsentPage.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import { Failed } from './Failed.tsx';
import { Frame } from './Frame.tsx';
import { soon } from './soon.ts';

// The list comes first; the rest is fetched when the phone has nothing else to do, and lies in the service worker's store from then on.
const job = () => import('../job/JobPage.tsx');
const others = () => import('./others.ts');

/** Loads what the first paint does not need. */
export function loadRest(): void {
  soon(() => void Promise.all([job(), others()]).catch(() => undefined)); // the network was away: again when a page is opened
}

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: Failed });
const page = <Path extends string>(path: Path, component: RouteComponent) => createRoute({ getParentRoute: () => root, path, component });

const jobRoute = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$id',
  component: lazyRouteComponent(job, 'JobPage'),
  validateSearch: (s: Record<string, unknown>): { tab?: Tab } => {
    const tab = tabs.find((x) => x === s['tab']);
    return tab ? { tab } : {};
  },
});

export const routeTree = root.addChildren([
  page('/', JobsPage),
  page('/calendar', CalendarPage),
  page('/unsent', UnsentPage),
  page('/refused', lazyRouteComponent(others, 'RefusedPage')),
  page('/menu', MenuPage),
  page('/notifications', lazyRouteComponent(others, 'NotificationsPage')),
  page('/storage', lazyRouteComponent(others, 'StoragePage')),
  page('/location', lazyRouteComponent(others, 'LocationPage')),
  page('/help', lazyRouteComponent(others, 'HelpPage')),
  page('/new', lazyRouteComponent(others, 'NewJobPage')),
  jobRoute,
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
