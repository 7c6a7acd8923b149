/** The part that is loaded later. */
import type { MetricType } from 'web-vitals';
import { onCLS } from 'web-vitals/onCLS.js';
import { onFCP } from 'web-vitals/onFCP.js';
import { onINP } from 'web-vitals/onINP.js';
import { onLCP } from 'web-vitals/onLCP.js';
import { onTTFB } from 'web-vitals/onTTFB.js';

export const measure = (record: (metric: MetricType) => void, options: { reportAllChanges?: boolean }): void => {
  for (const on of [onCLS, onFCP, onINP, onLCP, onTTFB]) on(record, options);
};
