/** Values of the API, as the client takes them. Nothing here needs the API itself. */
import type { AttributeValue as ApiAttributeValue, Attributes as ApiAttributes, TimeInput } from '@opentelemetry/api';
import type { AttributeValue, Attributes } from '../types.js';

/** Milliseconds since the Unix epoch; numbers that the monotonic clock has passed already are its own. */
export const millis = (time: TimeInput | undefined): number | undefined => {
  if (time === undefined) return undefined;
  if (Array.isArray(time)) return time[0] * 1000 + time[1] / 1e6;
  if (time instanceof Date) return time.getTime();
  return (time as number) <= performance.now() ? performance.timeOrigin + (time as number) : (time as number);
};

/** What has no form of its own in records, as text: JSON, if it is not text already. */
export const textOf = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  try {
    return typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
  } catch {
    return String(value);
  }
};

const element = (value: unknown): unknown => (typeof value === 'object' ? textOf(value) : value);

/** Attributes as the client takes them: elements of lists that are nothing are left out, and what is nested becomes JSON. */
export const attributesOf = (attributes: ApiAttributes | undefined): Attributes => {
  const result: Attributes = {};
  for (const key in attributes) {
    const value = attributes[key] as ApiAttributeValue | null | undefined;
    result[key] = (Array.isArray(value)
      ? value.filter((one) => one !== null && one !== undefined).map(element)
      : value === null ? undefined : element(value)) as AttributeValue | undefined;
  }
  return result;
};
