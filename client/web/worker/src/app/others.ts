// The pages that are opened now and then.
export { NewJobPage } from '../jobs/NewJobPage.tsx';
export { HelpPage } from '../settings/HelpPage.tsx';
export { LocationPage } from '../settings/LocationPage.tsx';
export { NotificationsPage } from '../settings/NotificationsPage.tsx';
export { StoragePage } from '../settings/StoragePage.tsx';
export { RefusedPage } from '../sync/RefusedPage.tsx';
