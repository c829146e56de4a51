import { ApiError } from '@fieldsync/sdk';
import { IconCloudOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Shell.module.css';

/** Says at the top of each page that the server is not reached: what is shown may be old. */
export function Reachable() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [away, setAway] = useState(false);
  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        if (event.type !== 'updated') return;
        if (event.action.type === 'success') setAway(false);
        else if (event.action.type === 'failed' || event.action.type === 'error') {
          const error: unknown = event.action.error;
          if (error instanceof ApiError && error.status === 0) setAway(true);
        }
      }),
    [client],
  );
  useEffect(() => {
    if (!away) return;
    const again = setInterval(() => {
      void fetch('/readyz', { cache: 'no-store' }).then(
        () => {
          setAway(false);
          void client.invalidateQueries({ predicate: (query) => query.state.status === 'error' });
        },
        () => undefined,
      );
    }, 3000);
    return () => clearInterval(again);
  }, [away, client]);
  return (
    <div role="status">
      {away && (
        <div className={classes.away}>
          <IconCloudOff size={18} aria-hidden /> {t('failure.away')}
        </div>
      )}
    </div>
  );
}
