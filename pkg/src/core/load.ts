/** The engine as a chunk of its own, which is what a page loads unless it says what else shall be in it. */
import type { LoadEngine } from './client.js';

export const loadEngine: LoadEngine = () => import('./start.js');
