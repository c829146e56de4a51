import { Button, Group, Modal } from '@mantine/core';
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** What is asked before something that cannot be taken back. */
export interface Question {
  title: string;
  /** What it brings about. */
  text: string;
  /** The word on the button that does it. */
  does: string;
}

interface Asked extends Question {
  then: () => void;
  place: string;
  open: boolean;
}

const Ask = createContext<(question: Question, then: () => void) => void>(() => undefined);

/** useConfirm asks a question, and does what follows if the answer is yes. */
export const useConfirm = () => useContext(Ask);

/** The one dialog that asks. The focus begins on the button that does nothing; `place` is the page: a question does not outlive it. */
export function Confirm({ place, children }: { place: string; children: ReactNode }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Asked>();
  const ask = useCallback((question: Question, then: () => void) => setAsked({ ...question, then, place, open: true }), [place]);
  const opened = asked !== undefined && asked.open && asked.place === place;
  const close = (): void => setAsked((a) => a && { ...a, open: false }); // its words stay while it fades
  return (
    <Ask value={ask}>
      {children}
      <Modal opened={opened} onClose={close} title={asked?.title} size="sm" closeButtonProps={{ 'aria-label': t('close') }}>
        {asked?.text}
        <Group mt="lg" gap="sm" justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t('cancel')}
          </Button>
          <Button
            color="red.9"
            onClick={() => {
              if (!opened) return; // a second press while it fades
              close();
              asked.then();
            }}
          >
            {asked?.does}
          </Button>
        </Group>
      </Modal>
    </Ask>
  );
}
