import { Checkbox } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { failed } from '../ui/toast.tsx';

interface Props {
  label: ReactNode;
  checked: boolean;
  disabled: boolean;
  save: (checked: boolean) => Promise<unknown>;
}

/** A tick that saves itself. It is seen at once; what could not be saved is taken back, with the reason. */
export function SaveCheckbox({ label, checked, disabled, save }: Props) {
  const [wanted, setWanted] = useState<boolean>();
  return (
    <Checkbox
      size="sm"
      label={label}
      checked={wanted ?? checked}
      disabled={disabled}
      onChange={(e) => {
        setWanted(e.currentTarget.checked);
        save(e.currentTarget.checked)
          .catch(failed)
          .finally(() => setWanted(undefined));
      }}
    />
  );
}
