// What the kernel says about a process: CPU, memory, bytes written.
import { readFileSync } from 'node:fs';

/** Milliseconds of user and system time, in ticks of 10 ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function rssMb(pid: number, field: 'VmRSS' | 'VmHWM' | 'RssAnon' = 'VmRSS'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Bytes handed to the block layer so far. */
export function bytesWritten(pid: number): number {
  return Number(/write_bytes: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}

/** Least squares over equal steps: by how much a value goes up with each, and how uncertain that is (one standard error). */
export function trend(values: readonly number[]): { readonly perStep: number; readonly error: number } {
  const { length } = values;
  const meanX = (length - 1) / 2;
  const meanY = values.reduce((sum, value) => sum + value, 0) / length;
  const spread = values.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
  const perStep = values.reduce((sum, value, x) => sum + (x - meanX) * (value - meanY), 0) / spread;
  const rest = values.reduce((sum, value, x) => sum + (value - meanY - perStep * (x - meanX)) ** 2, 0);
  return { perStep, error: Math.sqrt(rest / Math.max(1, length - 2) / spread) };
}
