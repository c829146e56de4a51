export const common = {
  retry: 'Try again', close: 'Close', save: 'Save', cancel: 'Cancel', undo: 'Undo', clear: 'Clear', loading: 'Loading…', remove: 'Remove', add: 'Add', edit: 'Change', copy: 'Copy', copied: 'Copied', all: 'All', none: 'None', yes: 'Yes', no: 'No', saved: 'Saved',
  nav: {
    label: 'Pages', jobs: 'Jobs', board: 'Day board', templates: 'Templates', clients: 'Clients and sites', people: 'People', settings: 'Settings', skip: 'To the content', open: 'Open the menu',
    account: 'Account of {{name}}', me: 'My account', signOut: 'Sign out', notices: 'Messages',
  },
  scheme: { light: 'Light', dark: 'Dark', auto: 'As the system' },
  status: { scheduled: 'Scheduled', published: 'Published', en_route: 'En route', started: 'Started', paused: 'Paused', finished: 'Finished', cancelled: 'Cancelled' },
  role: { owner: 'Owner', administrator: 'Administrator', dispatcher: 'Dispatcher', worker: 'Worker', director: 'Director' },
  failure: {
    unreachable: 'The server cannot be reached.', unreachableHint: 'Check the connection. Nothing that was saved is lost.',
    forbidden: 'This is not for your role.', forbiddenHint: 'An administrator of your organisation can change what you may do.',
    missing: 'There is nothing here.', missingHint: 'It was not found, or it is not for you.',
    busy: 'The server is busy.', busyHint: 'Please try again in a moment.', busyFor_one: 'Please try again in a second.', busyFor_other: 'Please try again in {{count}} seconds.',
    server: 'The server has a problem.', serverHint: 'It was noted there. Please try again in a moment.',
    refused: 'That was refused.', broken: 'Something went wrong on this page.', notDone: 'That was not done',
    away: 'The server cannot be reached. What you see may be old.',
  },
  signIn: {
    title: 'Sign in', hint: 'To plan and follow the jobs of your organisation.', login: 'Login', password: 'Password', show: 'Show or hide the password', submit: 'Sign in',
    org: 'Organisation', orgHint: 'The id of your organisation', orgAsk: 'I am in several organisations', oidc: 'Single sign-on', wrong: 'Login or password is wrong.',
    stranger: 'Single sign-on did not let you in. Try again, or ask an administrator whether your account is known here.', noProvider: 'Single sign-on does not answer at the moment. Try again in a while.',
    worker: 'You work in the field?', workerLink: 'To the workers’ app', isWorker: 'This is the dispatchers’ board', isWorkerHint: 'Your jobs are in the workers’ app.',
  },
  keys: {
    title: 'Keyboard shortcuts', enabled: 'Shortcuts of a single letter are on', anywhere: 'Everywhere', list: 'In the list', board: 'On the day board', job: 'In a job',
    help: 'This help', find: 'Search', new: 'New job', move: 'Move', ends: 'To the first, to the last', open: 'Open the job', cards: 'From job to job', pick: 'Take a job up to move it', pickTime: 'Earlier, later', pickWorker: 'To another person',
    pickLength: 'Shorter, longer', pickDrop: 'Put it down', pickCancel: 'Leave it where it was', assign: 'Assign and schedule in a dialog', back: 'Back to the list', history: 'History',
  },
};
