import { createTheme, type MantineColorsTuple } from '@mantine/core';

const ink: MantineColorsTuple = ['#edf2ff', '#dbe4ff', '#bac8ff', '#91a7ff', '#748ffc', '#5c7cfa', '#3b5bdb', '#364fc7', '#2b44b5', '#1f339b'];

// Mantine's own greys of the dark scheme have no blue in them, as what stands around them (theme.css) has.
const dark: MantineColorsTuple = ['#e2e5e9', '#c3cad3', '#8d96a2', '#6f7884', '#4a515b', '#363b43', '#25292f', '#1d2025', '#191b20', '#121418'];

const below: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 7 },
  colors: { dark, ink },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, "Liberation Mono", monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.375rem', lineHeight: '1.3' }, h2: { fontSize: '1.0625rem', lineHeight: '1.35' }, h3: { fontSize: '0.9375rem' } } },
  cursorType: 'pointer',
  focusRing: 'auto',
  components: {
    // a hint stands below its field, so that fields side by side are level
    TextInput: { defaultProps: { inputWrapperOrder: below } },
    Textarea: { defaultProps: { inputWrapperOrder: below } },
    PasswordInput: { defaultProps: { inputWrapperOrder: below } },
    NumberInput: { defaultProps: { inputWrapperOrder: below } },
    Checkbox: { defaultProps: { radius: 'sm' } }, // with the others' corners it would look like one to choose by
    // Lists to choose from stand within the page's landmark, and scroll by themselves, without a box of Mantine's around them. What opens them is a combobox: its keys scroll the list, which needs no focus of its own.
    Popover: { defaultProps: { portalProps: { target: '#main' } } },
    Select: { defaultProps: { withScrollArea: false, role: 'combobox' } },
    MultiSelect: { defaultProps: { withScrollArea: false, role: 'combobox' } },
    TagsInput: { defaultProps: { withScrollArea: false, role: 'combobox' } },
    ComboboxTarget: { defaultProps: { withExpandedAttribute: true } },
    ComboboxEventsTarget: { defaultProps: { withExpandedAttribute: true } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true } },
    // Within the landmark of what opens them; without the empty place to focus, which is no entry of a menu.
    Menu: { defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45 } } },
    // their <header> is no banner of the page
    ModalHeader: { defaultProps: { role: 'none' } },
    DrawerHeader: { defaultProps: { role: 'none' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
  },
});
