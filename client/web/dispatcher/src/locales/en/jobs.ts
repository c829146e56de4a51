export const jobs = {
  new: 'New job', untitled: 'Without a title', noTime: 'no time yet', nobody: 'Nobody yet', clash: 'Two people set its status at once', search: 'Search jobs', searchHint: 'Search: words, numbers, addresses',
  count_one: '{{n}} job', count_other: '{{n}} jobs', atLeast_one: '{{count}} job so far', atLeast_other: '{{count}} jobs so far', filters: 'Filters', sort: 'Order', statuses: 'Statuses', clear: 'Clear filters',
  sorts: {
    relevance: 'Best match', scheduled_at: 'Scheduled, earliest first', '-scheduled_at': 'Scheduled, latest first', '-updated_at': 'Changed, latest first', updated_at: 'Changed, earliest first',
    '-created_at': 'Made, latest first', created_at: 'Made, earliest first', serial_no: 'Number, upwards', '-serial_no': 'Number, downwards',
  },
  live: { live: 'Live', waiting: 'Connecting', resting: 'Resting' },
  liveHint: { live: 'Changes appear by themselves.', waiting: 'Trying to reach the server.', resting: 'Goes on when this page is looked at.' },
  columns: { status: 'Status', number: 'Number', job: 'Job', time: 'Scheduled', assignees: 'Assigned to', progress: 'Progress', changed: 'Changed' },
  by: { assignee: 'Assigned to', unassigned: 'Nobody is assigned', from: 'Scheduled from', to: 'Scheduled until', client: 'Client', site: 'Site', template: 'Template', territory: 'Territory', type: 'Type', skill: 'Skill', external_id: 'External id', clash: 'Only with a clash of statuses' },
  checklist: '{{done}} of {{of}} items ticked', photos_one: '{{count}} file', photos_other: '{{count}} files', comments_one: '{{count}} comment', comments_other: '{{count}} comments',
  none: 'No jobs yet', noneHint: 'Make the first one, or have another system send them by the API.', noMatch: 'No job matches', showAll: 'Show all jobs', toJobs: 'To the jobs', noMatchHint: 'Take a filter away, or search for other words.',
  moreFailed: 'The next ones could not be read. Try again', export: 'Export', exportCsv: 'This list as CSV', exporting: '{{n}} lines, stop',
};
