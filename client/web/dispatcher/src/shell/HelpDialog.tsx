import { Kbd, Modal, Switch, Table, Title } from '@mantine/core';
import { Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { setShortcuts, shortcutsOn } from './shortcuts.ts';

/** All keys that do something, and the switch that turns the single letters off. */
export function HelpDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation();
  const [on, setOn] = useState(shortcutsOn);
  const groups: [string, [string[], string][]][] = [
    [t('keys.anywhere'), [
      [['?'], t('keys.help')], [['/'], t('keys.find')], [['n'], t('keys.new')], [['g', 'j'], t('nav.jobs')], [['g', 'b'], t('nav.board')],
      [['g', 't'], t('nav.templates')], [['g', 'c'], t('nav.clients')], [['g', 'p'], t('nav.people')], [['g', 's'], t('nav.settings')],
    ]],
    [t('keys.list'), [[['↑', '↓', 'j', 'k'], t('keys.move')], [['Home', 'End'], t('keys.ends')], [['Enter'], t('keys.open')]]],
    [t('keys.board'), [
      [['↑', '↓', '←', '→'], t('keys.cards')], [['m'], t('keys.pick')], [['←', '→'], t('keys.pickTime')], [['↑', '↓'], t('keys.pickWorker')],
      [['Shift', '←', '→'], t('keys.pickLength')], [['Enter'], t('keys.pickDrop')], [['Esc'], t('keys.pickCancel')], [['a'], t('keys.assign')],
    ]],
    [t('keys.job'), [[['Esc'], t('keys.back')], [['h'], t('keys.history')]]],
  ];
  return (
    <Modal opened={opened} onClose={close} title={t('keys.title')} size="lg" closeButtonProps={{ 'aria-label': t('close') }}>
      <Switch
        mb="md"
        label={t('keys.enabled')}
        checked={on}
        onChange={(event) => {
          setOn(event.currentTarget.checked);
          setShortcuts(event.currentTarget.checked);
        }}
      />
      {groups.map(([name, keys]) => (
        <Fragment key={name}>
          <Title order={3} mt="md" mb={4}>
            {name}
          </Title>
          <Table withRowBorders={false} verticalSpacing={4} layout="fixed">
            <Table.Tbody>
              {keys.map(([pressed, does]) => (
                <Table.Tr key={does}>
                  <Table.Td w={130} pl={0}>
                    {pressed.map((key, i) => (
                      <Fragment key={i}>
                        <Kbd>{key}</Kbd>{' '}
                      </Fragment>
                    ))}
                  </Table.Td>
                  <Table.Td>{does}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Fragment>
      ))}
    </Modal>
  );
}
