import { ClientProvider, useClient, useJob, useReceipt, useWatched } from '@fieldsync/sdk/react';
import { ApiError, type JobHandle, type Present } from '@fieldsync/sdk';
import { ActionIcon, Button, Menu, Skeleton } from '@mantine/core';
import { IconArrowLeft, IconCloudCheck, IconCloudUp, IconDots, IconHistory, IconLink, IconPlayerTrackNext, IconPrinter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router';
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, given, readJob } from '../api/rest.ts';
import { useMay, useMe, useNames } from '../api/queries.ts';
import type { Job, Status } from '../api/types.ts';
import { when } from '../format.ts';
import { shortcutsOn, typing } from '../shell/shortcuts.ts';
import { Failure, Page } from '../ui/Page.tsx';
import { Person } from '../ui/Person.tsx';
import { StatusPill } from '../ui/StatusPill.tsx';
import { done, failed } from '../ui/toast.tsx';
import { History } from './History.tsx';
import classes from './Job.module.css';
import { JobView } from './JobView.tsx';
import { officeClient } from './client.ts';
import { StatusActions } from './StatusActions.tsx';
import { useOthers } from './others.ts';

/** A job, edited together with whoever else has it open. `?at=` shows it as it was, `?knew=` as a phone knew it then. */
export function JobPage() {
  const { job } = useParams({ from: '/in/jobs/$job' });
  return (
    <ClientProvider client={officeClient()}>
      <Open key={job} id={job} />
    </ClientProvider>
  );
}

function Open({ id }: { id: string }) {
  const { t } = useTranslation();
  const { handle, state, job: opened } = useJob(id);
  const { tab, at, knew, photo } = useSearch({ from: '/in/jobs/$job' });
  const navigate = useNavigate({ from: '/jobs/$job' });
  const me = useMe();
  const { write } = useMay();
  const names = useNames();
  const past = useQuery({
    queryKey: ['past', id, at ?? '', knew ?? ''],
    queryFn: ({ signal }): Promise<Job> => readJob(id, { ...given({ at, knew }) }, signal),
    enabled: at !== undefined || knew !== undefined,
    staleTime: Infinity, // what was does not change
  });
  // The document needs Automerge, and a connection of its own. Until it is here to be edited one reads what the API says.
  const first = useQuery({ queryKey: ['first', id], queryFn: ({ signal }) => readJob(id, {}, signal), enabled: !opened, retry: false, gcTime: 0 });
  const job = opened ?? first.data;
  const live = opened ? handle : undefined;
  const go = useCallback((change: { tab?: string | undefined; at?: string | undefined; knew?: string | undefined; photo?: string | undefined }) => void navigate({ search: (now) => ({ ...now, ...change }) as typeof now, replace: true }), [navigate]);
  const openPhoto = useCallback((attachment: string | undefined) => go({ photo: attachment }), [go]);
  const back = useBack();
  const history = tab === 'history' || at !== undefined || knew !== undefined;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('[role="dialog"], [role="menu"]')) return;
      if (event.key === 'Escape') back();
      else if (event.key === 'h' && shortcutsOn()) go({ tab: history ? undefined : 'history', at: undefined, knew: undefined });
    };
    window.addEventListener('keydown', press, true); // first: a menu that Escape closes is still there
    return () => window.removeEventListener('keydown', press, true);
  }, [go, back, history]);

  const looksBack = at !== undefined || knew !== undefined;
  const shown = looksBack ? past.data : job;
  if (state === 'unavailable' && !job) return <Failure page error={new ApiError(404, 'not-found', '')} />;
  return (
    <Page title="" tab={job?.title || t('jobs.untitled')} wide>
      <div className={classes.job}>{!job ? (
        <Skeleton height={420} radius="md" />
      ) : (
        <>
          <Head id={id} job={job} handle={live} write={write} names={names} history={history} toggle={() => go({ tab: history ? undefined : 'history', at: undefined, knew: undefined })} />
          {!looksBack && write && (live ? <StatusActions handle={live} job={job} me={me.id} /> : <Skeleton className={classes.actions!} height={36} width={320} />)}
          <div className={history ? classes.withHistory : undefined} data-past={looksBack || undefined}>
            <div>
              {looksBack && <Past id={id} past={past.data} error={past.error} at={at} knew={knew} job={job} edits={write} names={names} now={() => go({ at: undefined, knew: undefined, tab: 'history' })} />}
              {shown && <Shown key={looksBack ? `${at}${knew}` : 'now'} job={shown} handle={looksBack ? undefined : live} edits={write && !looksBack} names={names} photo={photo} openPhoto={openPhoto} />}
              {looksBack && past.isPending && <Skeleton height={300} radius="md" />}
            </div>
            {history && (
              <aside className={classes.aside} aria-labelledby="history">
                <div className={classes.asideHead}>
                  <h2 id="history">{t('job.history')}</h2>
                  <Button size="compact-sm" variant="subtle" component="a" href={`/api/v1/jobs/${id}/history/export`} download={`history-${id}.json`}>
                    {t('job.exportHistory')}
                  </Button>
                </div>
                <History id={id} job={job} heads={job.heads.join()} at={at} knew={knew} edits={write} names={names} look={(where) => go({ at: undefined, knew: undefined, ...where, tab: 'history' })} />
              </aside>
            )}
          </div>
        </>
      )}</div>
    </Page>
  );
}

/** Everything but the text that one types in may come a moment later: typing goes first. */
function Shown({ job, handle, ...rest }: { job: Job; handle: JobHandle | undefined; edits: boolean; names: (user: string) => string; photo: string | undefined; openPhoto: (a: string | undefined) => void }) {
  useEffect(() => {
    handle?.presence.announce();
    return () => handle?.presence.leave();
  }, [handle]);
  const now = useMemo(() => ({ job, handle }), [job, handle]);
  const deferred = useDeferredValue(now); // both in one: the document comes with its handle, and is drawn once
  return <JobView {...deferred} {...rest} />;
}

/** The way back to where one came from, else to the list. */
function useBack(): () => void {
  const router = useRouter();
  return useCallback(() => (router.history.canGoBack() ? router.history.back() : void router.navigate({ to: '/jobs' })), [router]);
}

function Head({ id, job, handle, write, names, history, toggle }: { id: string; job: Job; handle: JobHandle | undefined; write: boolean; names: (user: string) => string; history: boolean; toggle: () => void }) {
  const { t } = useTranslation();
  const back = useBack();
  return (
    <header className={classes.head}>
      <ActionIcon className={classes.back!} size="lg" aria-label={t('keys.back')} onClick={back}>
        <IconArrowLeft size={20} className="flips" />
      </ActionIcon>
      <div className={classes.heading}>
        <h1 className={classes.title}>{write && handle ? <Title title={job.title ?? ''} handle={handle} /> : job.title || t('jobs.untitled')}</h1>
        <div className={classes.meta}>
          <StatusPill status={job.status as Status} resolution={job.resolution} />
          {job.serial_no && <span>#{job.serial_no}</span>}
          {job.client?.name && <span>{job.client.name}</span>}
          {job.scheduled_at && <span>{when(job.scheduled_at)}</span>}
          {handle && <Receipt handle={handle} heads={job.heads.join()} />}
        </div>
      </div>
      <div className={classes.tools}>
        <Others handle={handle} names={names} />
        <Button variant={history ? 'light' : 'default'} size="sm" leftSection={<IconHistory size={16} />} onClick={toggle} aria-expanded={history}>
          {t('job.history')}
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size="lg" aria-label={t('job.more')}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component={Link} to={`/jobs/${id}/report`} leftSection={<IconPrinter size={16} />}>
              {t('job.print')}
            </Menu.Item>
            <Menu.Item
              leftSection={<IconLink size={16} />}
              onClick={() =>
                void navigator.clipboard.writeText(location.href).then(
                  () => done(t('copied')),
                  (err: unknown) => failed(err),
                )
              }
            >
              {t('job.copyLink')}
            </Menu.Item>
            {write && (
              <Menu.Item component={Link} to={`/new?follows=${id}`} leftSection={<IconPlayerTrackNext size={16} />}>
                {t('job.followUp')}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      </div>
    </header>
  );
}

/** Who else has the job open, each once. */
function Others({ handle, names }: { handle: JobHandle | undefined; names: (user: string) => string }) {
  const { t } = useTranslation();
  const seen = useOthers(handle, people);
  if (seen.length === 0) return null;
  return (
    <div className={classes.presence} role="group" aria-label={t('job.present')}>
      {seen.map((o) => (
        <Person key={o.user} id={o.user} name={o.name || names(o.user)} bare />
      ))}
    </div>
  );
}

const people = (others: readonly Present[]) => [...new Map(others.map(({ user, name }) => [user, { user, name }])).values()];

/** The title: it saves itself when one leaves it, or presses Enter. */
function Title({ title, handle }: { title: string; handle: JobHandle }) {
  const { t } = useTranslation();
  const [text, setText] = useState<string>();
  return (
    <textarea
      className={classes.titleField}
      rows={1}
      aria-label={t('job.parts.title')}
      value={text ?? title}
      maxLength={500}
      placeholder={t('jobs.untitled')}
      onFocus={() => setText(title)}
      onChange={(e) => setText(e.currentTarget.value.replaceAll('\n', ' '))}
      onKeyDown={(e) => {
        if (e.key === 'Enter') e.currentTarget.blur();
        if (e.key === 'Escape') {
          setText(undefined);
          e.currentTarget.blur();
        }
      }}
      onBlur={(e) => {
        const next = e.currentTarget.value.trim();
        setText(undefined);
        if (text !== undefined && next !== title) handle.patch({ title: next }).catch(failed);
      }}
    />
  );
}

/** Where the newest that was done here has got to. Who has done nothing yet, but open the job, is not told that it is being sent. */
function Receipt({ handle, heads }: { handle: JobHandle; heads: string }) {
  const { t } = useTranslation();
  const receipt = useReceipt(handle);
  const link = useWatched(useClient().link);
  const [opened] = useState(heads);
  const waiting = receipt === 'on-this-device';
  if (waiting && heads === opened) return <span role="status" />;
  return (
    <span className={classes.receipt} data-state={waiting ? 'waiting' : 'done'} role="status">
      {receipt && (waiting ? <IconCloudUp size={16} aria-hidden /> : <IconCloudCheck size={16} aria-hidden />)}
      {receipt && (waiting ? (link.connected ? t('job.sending') : t('job.waits')) : t('job.onServer'))}
    </span>
  );
}

/** Says that one looks back, and at what; the way to now, and to bring it back. */
function Past({ id, past, error, at, knew, job, edits, names, now }: { id: string; past: Job | undefined; error: unknown; at: string | undefined; knew: string | undefined; job: Job; edits: boolean; names: (user: string) => string; now: () => void }) {
  const { t } = useTranslation();
  if (error) return <Failure error={error} />;
  const event = knew ? job.status_log.find((e) => e.uuid === knew) : undefined;
  const restore = (): void => {
    if (!past) return;
    ask(api.POST('/api/v1/jobs/{id}/restore', { params: { path: { id } }, body: { heads: past.heads } })).then(
      () => {
        done(t('job.restored'));
        now();
      },
      (err: unknown) => failed(err),
    );
  };
  return (
    <div className={classes.past} role="status">
      <span>
        {event
          ? t('job.asKnown', { name: event.by ? names(event.by) : t('job.program'), status: t(`status.${event.status as Status}`), at: event.happened_at ? when(event.happened_at) : '' })
          : t('job.asItWas', { at: past?.updated_at ? when(past.updated_at) : at?.slice(0, 8) })}
      </span>
      <Button size="compact-sm" variant="filled" onClick={now}>
        {t('job.toNow')}
      </Button>
      {edits && (
        <Button size="compact-sm" variant="default" onClick={restore} disabled={!past}>
          {t('job.restore')}
        </Button>
      )}
    </div>
  );
}
