/** The part that is loaded later. */
import { type MetricType, onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';

export const measure = (record: (metric: MetricType) => void, options: { reportAllChanges?: boolean }): void => {
  for (const on of [onCLS, onFCP, onINP, onLCP, onTTFB]) on(record, options);
};
