import { ApiError } from '@fieldsync/sdk';
import { Button, Title } from '@mantine/core';
import { IconCloudOff, IconLock, IconRefresh, IconMoodEmpty } from '@tabler/icons-react';
import { useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Page.module.css';
import { ownReason, reasonOf } from './reason.ts';

/** A page's heading, its actions, and what stands below; it names the browser's tab, too. A page with the title '' has a heading of its own. */
export function Page({ title, actions, children, wide = false, tab }: { title: ReactNode; tab?: string; actions?: ReactNode; children: ReactNode; wide?: boolean }) {
  const name = tab ?? (typeof title === 'string' ? title : '');
  useEffect(() => {
    document.title = name ? `${name} · fieldsync` : 'fieldsync';
  }, [name]);
  return (
    <div className={classes.page} data-wide={wide || undefined}>
      {title !== '' && (
        <header className={classes.head}>
          <Title order={1} className={classes.title!}>
            {title}
          </Title>
          <div className={classes.actions}>{actions}</div>
        </header>
      )}
      {children}
    </div>
  );
}

/** Nothing is there: why, and what to do about it. `page`: it is all that there is of the page. */
export function Empty({ title, children, action, page = false }: { title: string; children?: ReactNode; action?: ReactNode; page?: boolean }) {
  const Heading = page ? 'h1' : 'p';
  return (
    <div className={classes.notice} data-page={page || undefined}>
      <IconMoodEmpty size={36} stroke={1.4} aria-hidden />
      <Heading className={classes.noticeTitle}>{title}</Heading>
      {children && <p className={classes.noticeText}>{children}</p>}
      {action}
    </div>
  );
}

/** A page, or a part of one, that could not be read: what happened in words, and a way on. */
export function Failure({ error, retry, page = false }: { error: unknown; retry?: (() => unknown) | undefined; page?: boolean }) {
  const { t } = useTranslation();
  const Heading = page ? 'h1' : 'p';
  const { title, text } = useWords(error);
  const denied = error instanceof ApiError && (error.status === 403 || error.status === 404);
  const Icon = denied ? IconLock : IconCloudOff;
  return (
    <div className={classes.notice} role="alert" data-page={page || undefined}>
      <Icon size={36} stroke={1.4} aria-hidden />
      <Heading className={classes.noticeTitle}>{title}</Heading>
      <p className={classes.noticeText}>{text}</p>
      {page && denied && (
        <Button component="a" href="/jobs" variant="light">
          {t('jobs.toJobs')}
        </Button>
      )}
      {retry && !denied && (
        <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={() => void retry()}>
          {t('retry')}
        </Button>
      )}
    </div>
  );
}

/** useWords puts an error into words for people. */
export function useWords(error: unknown): { title: string; text: string } {
  const { t } = useTranslation();
  // a page's own code could not be fetched: browsers say so in a TypeError
  if (error instanceof TypeError && /dynamically imported|module script/.test(error.message)) return { title: t('failure.unreachable'), text: t('failure.unreachableHint') };
  if (!(error instanceof ApiError)) return { title: t('failure.broken'), text: reasonOf(error) };
  switch (error.status) {
    case 0:
      return { title: t('failure.unreachable'), text: t('failure.unreachableHint') };
    case 403:
      return { title: t('failure.forbidden'), text: t('failure.forbiddenHint') };
    case 404:
      return { title: t('failure.missing'), text: t('failure.missingHint') };
    case 429:
    case 503:
      return { title: t('failure.busy'), text: error.retryAfter ? t('failure.busyFor', { count: error.retryAfter }) : t('failure.busyHint') };
  }
  if (error.status >= 500) return { title: t('failure.server'), text: t('failure.serverHint') };
  return { title: t('failure.refused'), text: [ownReason(error), ...error.fields.map((f) => `${f.field}: ${f.message}`)].join('\n') };
}
