import { ActionIcon, Burger, Button, Drawer, Menu, Tooltip, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAddressBook, IconCalendarTime, IconCheck, IconKeyboard, IconLayoutList, IconLogout, IconMoon, IconPlus, IconSettings, IconSun, IconSunMoon, IconTemplate, IconUser, IconUsers } from '@tabler/icons-react';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { Suspense, useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay, useMe } from '../api/queries.ts';
import { signOut } from '../session/session.ts';
import { failed } from '../ui/toast.tsx';
import { Confirm } from '../ui/Confirm.tsx';
import { Person } from '../ui/Person.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { Notices } from './Notices.tsx';
import { Reachable } from './Reachable.tsx';
import classes from './Shell.module.css';
import { useShortcuts } from './shortcuts.ts';

const places = [
  { to: '/jobs', icon: IconLayoutList, label: 'nav.jobs' },
  { to: '/board', icon: IconCalendarTime, label: 'nav.board' },
  { to: '/templates', icon: IconTemplate, label: 'nav.templates' },
  { to: '/clients', icon: IconAddressBook, label: 'nav.clients' },
  { to: '/people', icon: IconUsers, label: 'nav.people' },
  { to: '/settings', icon: IconSettings, label: 'nav.settings' },
] as const;

/** What stands around every page: where one can go, who one is. */
export function Shell() {
  const { t } = useTranslation();
  const [help, helpDialog] = useDisclosure();
  const [menu, drawer] = useDisclosure();
  const navigate = useNavigate();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const { write } = useMay();
  const act = useMemo(
    () => ({
      help: helpDialog.open,
      create: () => write && void navigate({ to: '/new' }),
      find: () => {
        const field = document.querySelector<HTMLInputElement>('input[type="search"]');
        if (field) field.focus();
        else void navigate({ to: '/jobs', search: {}, state: { find: true } });
      },
    }),
    [helpDialog.open, navigate, write],
  );
  useShortcuts(act);
  useEffect(() => drawer.close(), [path]); // eslint-disable-line react-hooks/exhaustive-deps

  const links = (
    <nav aria-label={t('nav.label')} className={classes.links}>
      {places.map(({ to, icon: Icon, label }) => (
        <Link key={to} to={to} className={classes.link} activeOptions={{ exact: false }}>
          <Icon size={19} stroke={1.7} aria-hidden />
          <span>{t(label)}</span>
        </Link>
      ))}
    </nav>
  );
  return (
    <div className={classes.shell}>
      <a href="#main" className="skip">
        {t('nav.skip')}
      </a>
      <header className={classes.top}>
        <Burger className={classes.burger!} opened={menu} onClick={drawer.toggle} size="sm" aria-label={t('nav.open')} />
        <Link to="/jobs" className={classes.brand}>
          <span className={classes.mark} aria-hidden />
          <span>fieldsync</span>
        </Link>
        <span className={classes.space} />
        {write && (
          <Button component={Link} to="/new" size="sm" leftSection={<IconPlus size={16} />} className={classes.create!}>
            {t('jobs.new')}
          </Button>
        )}
        <Tooltip label={t('keys.title')}>
          <ActionIcon size="lg" aria-label={t('keys.title')} onClick={helpDialog.open} className={classes.keys!}>
            <IconKeyboard size={20} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Account />
      </header>
      <div className={classes.side}>{links}</div>
      <Drawer opened={menu} onClose={drawer.close} size={250} title="fieldsync" closeButtonProps={{ 'aria-label': t('close') }}>
        {links}
      </Drawer>
      <main id="main" tabIndex={-1} className={classes.main}>
        <Reachable />
        <Confirm place={path}>
          <Suspense fallback={null}>
            <Outlet />
          </Suspense>
        </Confirm>
      </main>
      <Notices />
      <HelpDialog opened={help} close={helpDialog.close} />
    </div>
  );
}

function Account() {
  const { t } = useTranslation();
  const me = useMe();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const schemes = [
    { name: 'light', icon: IconSun },
    { name: 'dark', icon: IconMoon },
    { name: 'auto', icon: IconSunMoon },
  ] as const;
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <UnstyledButton className={classes.account!} aria-label={t('nav.account', { name: me.name })}>
          <Person id={me.id} name={me.name} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.organisation.name} · {t(`role.${me.role ?? 'worker'}`)}
        </Menu.Label>
        <Menu.Item component={Link} to="/me" leftSection={<IconUser size={16} />}>
          {t('nav.me')}
        </Menu.Item>
        <Menu.Divider />
        {schemes.map(({ name, icon: Icon }) => (
          <Menu.Item
            key={name}
            leftSection={<Icon size={16} />}
            onClick={() => setColorScheme(name)}
            rightSection={colorScheme === name && <IconCheck size={16} aria-hidden />}
            renderRoot={(props) => <button {...props} role="menuitemradio" aria-checked={colorScheme === name} />} // of itself it says menuitem, whatever role it is given
          >
            {t(`scheme.${name}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut().catch(failed)}>
          {t('nav.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
