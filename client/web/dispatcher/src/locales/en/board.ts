export const board = {
  card: '{{title}}, {{status}}, {{time}}', fixed: 'Who works on a job that was started is fixed.', free: 'free', nobody: 'Nobody yet', before: 'The day before', after: 'The day after', today: 'Today', day: 'Day', team: 'Team', everybody: 'Everybody',
  zoom: 'Width of an hour', zooms: { wide: 'Day', middle: 'Half', near: 'Hours' }, noWorkers: 'No worker yet. Administrators add them under People.',
  tray_one: 'To be planned: {{count}}', tray_other: 'To be planned: {{count}}', trayEmpty: 'Nothing waits to be planned.', moved: '“{{title}}” is planned anew.', notMoved: '“{{title}}” was not moved',
  worker: 'Assigned to', start: 'From', minutes: 'Minutes', open: 'Open the job',
  publish_one: 'Publish {{count}} draft', publish_other: 'Publish {{count}} drafts', publishTitle: 'Publish the plan of {{day}}', publishHint: 'The workers see these jobs, and are told of them:', publishing: 'Publishing',
  publishNobody_one: '{{count}} draft stays one: nobody is assigned to it.', publishNobody_other: '{{count}} drafts stay drafts: nobody is assigned to them.',
  published_one: '{{count}} job is published.', published_other: '{{count}} jobs are published.', notPublished_one: '{{count}} was not published', notPublished_other: '{{count}} were not published',
  said: { carried: '{{title}}: {{who}}, {{from}} to {{to}}. Enter puts it down.', dropped: '{{title}} put down: {{who}}, {{from}} to {{to}}.', cancelled: '{{title}} stays where it was.' },
};
