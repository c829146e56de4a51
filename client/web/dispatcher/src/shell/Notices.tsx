import { Notifications } from '@mantine/notifications';
import { useTranslation } from 'react-i18next';
import classes from './Notices.module.css';

/**
 * Where it is said what was done and what was not: a row of its own below the page (docs/adr/0041). Nothing that one presses or reads is covered, and what is on the page stays where it is.
 * A screen reader says a message when it has finished what it is saying.
 */
export function Notices() {
  const { t } = useTranslation();
  return (
    <section aria-label={t('nav.notices')} className={classes.row}>
      <div aria-live="polite">
        <Notifications position="bottom-center" withinPortal={false} limit={3} notificationMaxHeight="40dvh" transitionDuration={150} classNames={{ root: classes.stack!, notification: classes.notice! }} />
      </div>
    </section>
  );
}
