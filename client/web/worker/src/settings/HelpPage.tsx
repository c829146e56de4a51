import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../ui/Card.tsx';
import { Page } from '../ui/Page.tsx';
import styles from './Settings.module.css';

/** How syncing works, in four sentences. */
export function HelpPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Page title={t('how.title')} onBack={() => void navigate({ to: '/menu' })}>
      <Card>
        <div className={styles.lines}>
          {(t('how.lines', { returnObjects: true }) as readonly string[]).map((line) => (
            <p key={line}>{line}</p>
          ))}
        </div>
      </Card>
    </Page>
  );
}
