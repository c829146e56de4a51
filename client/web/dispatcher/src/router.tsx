import { Button } from '@mantine/core';
import type { QueryClient } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Link, Outlet, redirect } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { meQuery } from './api/queries.ts';
import { readSearch } from './jobs/filters.ts';
import { SignIn } from './session/SignIn.tsx';
import { WorkersDoor } from './session/WorkersDoor.tsx';
import { Shell } from './shell/Shell.tsx';
import { Empty, Failure } from './ui/Page.tsx';

/* Every page has an address, also a filtered list, a day, a moment of a job's history. The pages are fetched when they are gone to. */

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: Missing,
  errorComponent: ({ error, reset }) => <Failure page error={error} retry={reset} />,
});

function Missing() {
  const { t } = useTranslation();
  return (
    <main>
      <Empty
        page
        title={t('failure.missing')}
        action={
          <Button component={Link} to="/jobs" variant="light">
            {t('jobs.toJobs')}
          </Button>
        }
      >
        {t('failure.missingHint')}
      </Empty>
    </main>
  );
}

/** Within: somebody is signed in. Who is not, signs in where he is. */
function Within() {
  const { data: me, error, isPending, refetch } = useQuery(meQuery);
  if (isPending) return null;
  if (error && !me) return <Failure page error={error} retry={refetch} />;
  if (!me) return <SignIn />;
  if (me.role === 'worker') return <WorkersDoor />;
  return <Shell />;
}

const text = (value: unknown): string | undefined => (value === undefined || value === null || value === '' ? undefined : String(value));
/** Takes some texts of an address. */
const texts =
  <K extends string>(...names: K[]) =>
  (search: Record<string, unknown>): Partial<Record<K, string>> =>
    Object.fromEntries(names.flatMap((n) => (text(search[n]) === undefined ? [] : [[n, text(search[n])]]))) as Partial<Record<K, string>>;

const within = createRoute({ getParentRoute: () => root, id: 'in', component: Within });
const home = createRoute({ getParentRoute: () => within, path: '/', beforeLoad: () => redirect({ to: '/jobs', throw: true }) });
const jobs = createRoute({ getParentRoute: () => within, path: 'jobs', validateSearch: readSearch, component: lazyRouteComponent(() => import('./jobs/JobsPage.tsx'), 'JobsPage') });
const job = createRoute({
  getParentRoute: () => within,
  path: 'jobs/$job',
  validateSearch: texts('tab', 'at', 'knew', 'photo'),
  component: lazyRouteComponent(() => import('./job/JobPage.tsx'), 'JobPage'),
});
const print = createRoute({ getParentRoute: () => within, path: 'jobs/$job/report', component: lazyRouteComponent(() => import('./job/ReportPage.tsx'), 'ReportPage') });
const boardComponent = lazyRouteComponent(() => import('./board/BoardPage.tsx'), 'BoardPage');
const board = createRoute({ getParentRoute: () => within, path: 'board', validateSearch: texts('team'), component: boardComponent });
const boardDay = createRoute({ getParentRoute: () => within, path: 'board/$day', validateSearch: texts('team'), component: boardComponent });
const create = createRoute({
  getParentRoute: () => within,
  path: 'new',
  validateSearch: texts('template', 'client', 'site', 'follows'),
  component: lazyRouteComponent(() => import('./jobs/NewJobPage.tsx'), 'NewJobPage'),
});
const templates = createRoute({ getParentRoute: () => within, path: 'templates', validateSearch: texts('q', 'archived'), component: lazyRouteComponent(() => import('./templates/TemplatesPage.tsx'), 'TemplatesPage') });
const template = createRoute({ getParentRoute: () => within, path: 'templates/$template', component: lazyRouteComponent(() => import('./templates/TemplatePage.tsx'), 'TemplatePage') });
const clients = createRoute({ getParentRoute: () => within, path: 'clients', validateSearch: texts('q', 'archived', 'book'), component: lazyRouteComponent(() => import('./places/PlacesPage.tsx'), 'PlacesPage') });
const client = createRoute({ getParentRoute: () => within, path: 'clients/$place', component: lazyRouteComponent(() => import('./places/PlacePage.tsx'), 'ClientPage') });
const site = createRoute({ getParentRoute: () => within, path: 'sites/$place', validateSearch: texts('client'), component: lazyRouteComponent(() => import('./places/PlacePage.tsx'), 'SitePage') });
const people = createRoute({ getParentRoute: () => within, path: 'people', validateSearch: texts('tab', 'user', 'result'), component: lazyRouteComponent(() => import('./people/PeoplePage.tsx'), 'PeoplePage') });
const person = createRoute({ getParentRoute: () => within, path: 'people/$user', component: lazyRouteComponent(() => import('./people/PersonPage.tsx'), 'PersonPage') });
const settings = createRoute({ getParentRoute: () => within, path: 'settings', validateSearch: texts('tab', 'webhook'), component: lazyRouteComponent(() => import('./settings/SettingsPage.tsx'), 'SettingsPage') });
const me = createRoute({ getParentRoute: () => within, path: 'me', component: lazyRouteComponent(() => import('./people/MyPage.tsx'), 'MyPage') });

const tree = root.addChildren([within.addChildren([home, jobs, job, print, board, boardDay, create, templates, template, clients, client, site, people, person, settings, me])]);

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: '/',
    context: { client: queries },
    defaultPreload: 'intent',
    scrollRestoration: true,
    scrollToTopSelectors: ['#main'],
    parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
    stringifySearch: (search) => {
      const out = new URLSearchParams(Object.entries(search).flatMap(([k, v]) => (v === undefined || v === '' ? [] : [[k, String(v)]])));
      const query = out.toString().replaceAll('%2C', ',');
      return query ? `?${query}` : '';
    },
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
  interface HistoryState {
    /** One came to search: the field has the focus. */
    find?: boolean;
  }
}
