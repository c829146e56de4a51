import js from '@eslint/js';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

/** The rules of the web's code and of its journeys (docs/adr/0035-eslint.md). Those that need types are the few that find what tsc lets through. */
export default ts.config(
  { ignores: ['**/dist/', '**/node_modules/', 'sdk/src/rest/schema.ts', '**/*.js', '**/*.mjs', '**/*.cjs', '*.ts', 'boot/plugin.ts', 'dispatcher/*.ts', 'worker/*.ts', 'worker/scripts/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ts.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      '@typescript-eslint/only-throw-error': 'error',
      eqeqeq: 'error',
      'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }], // Playwright's fixtures without any
    },
  },
  { ...hooks.configs.flat['recommended-latest'], files: ['**/src/**'] }, // in journeys `use` is Playwright's
  { rules: { 'react-hooks/incompatible-library': 'off' } }, // of React Compiler, which these apps are not built by
  {
    ...a11y.flatConfigs.recommended,
    files: ['**/*.tsx'],
    rules: {
      ...a11y.flatConfigs.recommended.rules,
      // What scrolls is reached by the keyboard (WCAG 2.1.1): the board, its tray; and so is what has a tooltip.
      'jsx-a11y/no-noninteractive-tabindex': ['error', { roles: ['region', 'group', 'note', 'tabpanel'], tags: [] }],
    },
  },
);
