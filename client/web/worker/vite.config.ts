import { application } from '../vite.shared.ts';

export default application('worker', '/m/');
