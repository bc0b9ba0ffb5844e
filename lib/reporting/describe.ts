/** What an error says, or anything else that was thrown, for which even its words may be code that fails. */
export function describe(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
    const message = String(error.message);
    return 'name' in error ? `${String(error.name)}: ${message}` : message;
  } catch {
    return 'something that cannot be written was thrown';
  }
}

/** Its stack, where it has one. */
export function stackOf(error: unknown): string | undefined {
  try {
    const { stack } = error as { stack?: unknown };
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined;
  }
}
