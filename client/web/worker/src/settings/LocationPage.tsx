import { useEffect, useState } from 'react';
import { Switch } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { place, placePermission, setWantsPlace, wantsPlace, watchPlacePermission, type Permission } from '../app/place.ts';
import { platform } from '../app/storage.ts';
import { Card } from '../ui/Card.tsx';
import { Page } from '../ui/Page.tsx';
import styles from './Settings.module.css';

/** Whether the place is noted with each status and photo. Turning it on asks the browser; where that is blocked the page says how it is allowed. */
export function LocationPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState(wantsPlace());
  const [permission, setPermission] = useState<Permission>();
  const wanted = chosen ?? permission === 'granted'; // as place() does: who permitted it before is not asked again
  useEffect(() => {
    const look = () => void placePermission().then(setPermission);
    look();
    return watchPlacePermission(look);
  }, [chosen]);
  const blocked = chosen !== false && (permission === 'denied' || permission === 'unsupported');
  const how = t(`location.how.${platform()}`, { returnObjects: true }) as readonly string[];
  return (
    <Page title={t('location.title')} onBack={() => void navigate({ to: '/menu' })}>
      <Card tone={blocked ? 'warn' : undefined}>
        <Switch
          size="md"
          classNames={{ body: styles.switch! }}
          label={t('location.use')}
          checked={wanted}
          onChange={(e) => {
            const on = e.currentTarget.checked;
            setWantsPlace(on);
            setChosen(on);
            if (on) void place().then(() => placePermission().then(setPermission));
          }}
        />
        <p className={styles.soft} data-testid="place-state">{blocked ? t(permission === 'denied' ? 'location.blocked' : 'location.unsupported') : wanted ? t('location.on') : t('location.off')}</p>
      </Card>
      {blocked && permission === 'denied' && (
        <Card title={t('location.howTitle')}>
          <ol className={styles.steps}>
            {how.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ol>
        </Card>
      )}
    </Page>
  );
}
