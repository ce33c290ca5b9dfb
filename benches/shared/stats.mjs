/** Medians, geometric means and their words. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const geometricMean = (values) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);

/** Seconds with the unit that reads best. */
export function seconds(value) {
  if (value === undefined) return '–';
  if (value >= 1) return `${value.toFixed(2)} s`;
  if (value >= 1e-3) return `${(value * 1e3).toFixed(value >= 0.1 ? 0 : 1)} ms`;
  if (value >= 1e-6) return `${(value * 1e6).toFixed(value >= 1e-4 ? 0 : 1)} µs`;
  return `${(value * 1e9).toFixed(0)} ns`;
}

export const megabytes = (value) => (value === undefined ? '–' : `${(value / 1e6).toFixed(2)} MB`);
export const ratio = (value) => (value === undefined || Number.isNaN(value) ? '–' : value.toFixed(2));
