import { createTheme, type MantineThemeOverride } from '@mantine/core';

/** Mantine's part of the look: sizes for thumbs. Colours are in tokens.css. */
export const theme: MantineThemeOverride = createTheme({
  primaryColor: 'teal',
  fontFamily: 'var(--mantine-font-family)',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'md' } },
    TextInput: { defaultProps: { size: 'md' } },
    Textarea: { defaultProps: { size: 'md' } },
    PasswordInput: { defaultProps: { size: 'md' } },
    NativeSelect: { defaultProps: { size: 'md' } },
    Checkbox: { defaultProps: { size: 'md', radius: 'sm' } },
    ActionIcon: { defaultProps: { size: 44, variant: 'subtle', color: 'gray' } },
  },
});
