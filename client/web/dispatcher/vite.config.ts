import { application } from '../vite.shared.ts';

export default application('dispatcher', '/');
