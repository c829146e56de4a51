export const office = {
  required: 'This is needed.',
  office: { search: 'Search', archived: 'Also what is archived', isArchived: 'Archived', archive: 'Archive', unarchive: 'Take out of the archive', noMatch: 'Nothing found' },
  views: { title: 'Views', own: 'Saved here', save: 'Save this view', name: 'Name', remove: 'Remove the view {{name}}', today: 'Today', underway: 'Under way', drafts: 'Drafts', unassigned: 'To be planned', clashes: 'Clashes', done: 'Finished, latest first' },
  plan: {
    up: 'Move up: {{name}}', down: 'Move down: {{name}}', remove: 'Remove: {{name}}', name: 'Name', kind: 'Kind', options: 'Options', optionsHint: 'Enter adds one', item: 'Item', successful: 'Successful', noteRequired: 'Needs a note',
    addField: 'Add a field', newField: 'New field', newOption: 'Option', addItem: 'Add an item', newItem: 'New item', addResolution: 'Add a result', newResolution: 'New result', addContact: 'Add a contact', newContact: 'New contact', contactKind: 'Kind of contact', contactValue: 'Number or address',
    contactKinds: { phone: 'Phone', email: 'E-mail', other: 'Other' },
    no: { report_fields: 'The report asks for nothing yet.', custom_fields: 'None yet.', checklist: 'Nothing to tick yet.', possible_resolutions: 'None yet: a job just ends.', contacts: 'Nobody to call yet.' },
    kinds: { text: 'Text', number: 'Number', yes_no: 'Yes or no', date: 'Date', pick_list: 'Pick list', action: 'Action (tick)', photo: 'Photos', signature: 'Signature', file: 'File' },
    flags: { required: 'Required', hidden: 'Hidden', read_only: 'Read only' },
    address: { formatted: 'Address', entrance_no: 'Entrance', floor: 'Floor', apartment: 'Apartment', description: 'How to get in', place: 'Place on the map', placeHint: 'Latitude, longitude', placeWrong: 'Write it as 47.3769, 8.5417.' },
  },
  templates: {
    new: 'New template', none: 'No templates yet', noneHint: 'A template has what jobs of one kind have in common: the report, the checklist, how they may end.', byWorkers: 'Workers may use it', use: 'New job from it', about: 'What it is about',
    name: 'Name of the template', title: 'Title', titleHint: 'Of the jobs made from it', description: 'Description', type: 'Type', duration: 'Minutes', skills: 'Skills', workerCreate: 'Workers may make jobs from it', workerCreateHint: 'As far as the organisation’s settings let them.',
    report: 'Report', reportHint: 'What the worker fills in, once started.', custom: 'Fields of the office', customHint: 'What the office fills in, for the worker to read.', checklist: 'Checklist', resolutions: 'How it may end', resolutionsHint: 'Finishing asks for one of these.',
  },
  places: {
    clients: { title: 'Clients', new: 'New client', none: 'No clients yet', noneHint: 'For whom you work: address and contacts go into their jobs.' },
    sites: { title: 'Sites', new: 'New site', none: 'No sites yet', noneHint: 'Where you work, if that is not the client’s address.' },
    about: 'What it is', externalId: 'External id', client: 'Client', territory: 'Territory', description: 'Description', address: 'Address', contacts: 'Contacts', noJobs: 'No jobs yet.',
  },
  newJob: { follows: 'Follows up “{{title}}”: the same place, client and questions, no answers.', addressHint: 'Empty: that of the site, or of the client', then: 'And then', draft: 'Keep as a draft', publish: 'Publish at once', create: 'Make the job' },
  people: {
    add: 'Add a person', users: 'People', teams: 'Teams', devices: 'Devices', disabled: 'May not come in', locked: 'Locked', seen: 'seen {{ago}}', neverSeen: 'never seen', name: 'Name', login: 'Login', loginHint: 'Unique within the organisation', role: 'Role', password: 'Password', passwordHint: 'At least 10 characters, none of the usual ones. Without one the person signs in by single sign-on.',
    passwordRules: 'At least 10 characters, none of the usual ones.', account: 'Account', mayComeIn: 'May come in', mayComeInHint: 'Without it sessions and devices end at once; work of theirs that arrives is refused with a reason.', since: 'since {{at}}', until: 'until {{at}}', signingIn: 'Signing in', resetPassword: 'Set a new password', unlock: 'Unlock', unlink: 'Forget single sign-on',
    newPassword: 'New password', oldPassword: 'Password until now', changePassword: 'Change the password', endDevices: 'Sign all devices out, too', endDevicesHint: 'Otherwise phones go on, and bring what was done offline.', endAll: 'Sign all out', endDevice: 'Sign this device out', deviceEnded: 'Signed out.', thisOne: 'this one', noDevices: 'No devices', noDevicesHint: 'A phone appears here when somebody has signed in on it.',
    kind: { token: 'Phone or program', session: 'Browser' }, team: 'Team', addTeam: 'Add a team', noTeams: 'No teams yet', noTeamsHint: 'A job that is given to a team goes to all of its people; the foreman fills in the report.', foremanIs: '{{name}} leads', teamName: 'Name', foreman: 'Foreman', foremanHint: 'Fills in the report', members: 'Members',
  },
  settings: {
    organisation: 'Organisation', keys: 'API keys', webhooks: 'Webhooks', log: 'Account log', name: 'Name', id: 'Id: {{id}}', workerJobs: 'Jobs that workers make', workerJobsHint: 'On the phone, also without a network.', workerJobsIs: { none: 'None', templates: 'From the templates that say so', any: 'Any' },
    photoLocation: 'Place in photos', photoLocationHint: 'Phones write into a photo where it was taken.', photoLocationIs: { keep: 'Keep it', strip: 'Take it out before a photo leaves the phone' }, forAdministrators: 'Administrators change this.', noLog: 'Nothing yet',
    once: 'It is shown once: keep it now.', addKey: 'Add an API key', keyMade: 'The key “{{name}}”', noKeys: 'No API keys', noKeysHint: 'A program comes in with a key, in a role.', keyName: 'What is it for?', keyUntil: 'Until (never expires without)', revoke: 'Revoke {{name}}',
    addWebhook: 'Add a webhook', webhookMade: 'The secret by which its messages are signed', noWebhooks: 'No webhooks', noWebhooksHint: 'Other systems are told of what happens, signed, in order, with retries for three days.', allEvents: 'all events', inactive: 'Inactive', active: 'Active', failing_one: '{{count}} failure', failing_other: '{{count}} failures', show: 'Show',
    url: 'Address', urlHint: 'Public, with https', description: 'What is it for?', events: 'Events', eventsHint: 'None chosen: all', test: 'Send a test', testOk: 'The test was taken.', testFailed: 'The test was not taken', deactivate: 'Deactivate', activate: 'Activate', rotate: 'New secret', noDeliveries: 'Nothing was sent yet.', at: 'When', event: 'Event', attempt: 'Attempt', answer: 'Answer', ms: '{{count}} ms',
  },
};
