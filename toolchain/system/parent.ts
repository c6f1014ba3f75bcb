/**
 * Ends this process when its parent process is gone.
 *
 * The engine starts plugins in process groups of their own, so a `kill -9` of the engine reaches none of them: without
 * this they would run for ever. The parent's id is polled because it is the only sign that no later change of file
 * descriptors can hide; a poll costs one system call.
 *
 * @param beforeExit runs once, synchronously, before the process ends (to end children of its own).
 * @param intervalMs milliseconds between two looks; default 500.
 */
export function exitWithParent(beforeExit: () => void = () => {}, intervalMs = 500): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    try {
      beforeExit();
    } finally {
      process.exit(1);
    }
  }, intervalMs);
  timer.unref();
}

/**
 * For the main file of a plugin that may end at any moment: it ends with the engine ({@link exitWithParent}), and exits
 * cleanly on SIGINT, by which the engine ends plugins. A clean exit writes Node's compile cache, which makes the next start
 * a third faster.
 *
 * @param beforeExit runs once, synchronously, before the process ends.
 */
export function followEngine(beforeExit: () => void = () => {}): void {
  exitWithParent(beforeExit);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      beforeExit();
      process.exit(0);
    });
  }
}
