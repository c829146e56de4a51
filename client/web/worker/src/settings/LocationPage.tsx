import { useEffect, useState } from 'react';
import { Switch } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { place, placePermission, setWantsPlace, wantsPlace, type Permission } from '../app/place.ts';
import { Card } from '../ui/Card.tsx';
import { Page } from '../ui/Page.tsx';
import styles from './Settings.module.css';

/** Whether the place is noted with each status and photo. Turning it on asks the browser. */
export function LocationPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState(wantsPlace());
  const [permission, setPermission] = useState<Permission>();
  const wanted = chosen ?? permission === 'granted'; // as place() does: who permitted it before is not asked again
  useEffect(() => {
    void placePermission().then(setPermission);
  }, [chosen]);
  const blocked = permission === 'denied' || permission === 'unsupported';
  return (
    <Page title={t('location.title')} onBack={() => void navigate({ to: '/menu' })}>
      <Card tone={blocked && wanted ? 'warn' : undefined}>
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
        <p className={styles.soft}>{blocked && wanted ? t('location.blocked') : wanted ? t('location.on') : t('location.off')}</p>
      </Card>
    </Page>
  );
}
