/** At most `most` tasks at once; the rest wait in the order of arrival. */
export function limiter(most: number) {
  const waiting: (() => void)[] = [];
  let active = 0;
  return {
    get active() {
      return active;
    },
    /** The other side takes fewer than was thought. Never below one. */
    lower(to: number) {
      most = Math.max(1, Math.min(most, to));
    },
    async enter(): Promise<void> {
      if (active < most) {
        active++;
        return;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
    leave(): void {
      // A place is handed over rather than freed, so that a newcomer cannot overtake.
      if (active <= most && waiting.length) waiting.shift()!();
      else active--;
    },
  };
}
