import { Alert, Button, Code, CopyButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './Secret.module.css';

/** A secret that is shown once. */
export function Secret({ secret, what }: { secret: string; what: string }) {
  const { t } = useTranslation();
  return (
    <Alert color="green" title={what} mb="md" role="status">
      <p style={{ marginBlockStart: 0 }}>{t('settings.once')}</p>
      <Code block className={classes.secret!}>
        {secret}
      </Code>
      <CopyButton value={secret}>
        {({ copied, copy }) => (
          <Button size="xs" mt="sm" variant="default" onClick={copy}>
            {copied ? t('copied') : t('copy')}
          </Button>
        )}
      </CopyButton>
    </Alert>
  );
}
