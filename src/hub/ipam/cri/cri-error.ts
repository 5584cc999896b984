// The container runtime did not say what it was asked.

export class CriError extends Error {
  readonly code = 'CRI_UNAVAILABLE';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CriError';
  }
}
