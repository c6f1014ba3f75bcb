/**
 * Apache of an account's server takes a thread for each request, and each thread counts as a task of the account. What an account has few of,
 * Apache does not find out before it is too late: it begins a process whose threads cannot be made, again and again, and requests wait in it unseen.
 */

/** Most of a server, whatever its account may have. */
const most = { threads: 32, processes: 4 } as const;

/** Tasks of a process of Apache beside those that work on requests. */
const listeners = 2;

/** Part of an account's tasks that the processes of one Apache may be; the rest is for PHP, for scripts beside it, and for the account's other programs. */
const part = 3 / 4;

/** Apache of one server, as its configuration is told. */
export interface ApacheSize {
  readonly processes: number;
  /** Of each process. */
  readonly threads: number;
  /** At once. */
  readonly requests: number;
  /** What the front end lets through at once, others wait there: less, because Apache notices later when one is gone. */
  readonly places: number;
}

/** @param tasksMax of the account */
export function apacheSize(tasksMax: number): ApacheSize {
  const threads = Math.max(4, Math.min(most.threads, Math.floor(tasksMax / 4)));
  const processes = Math.max(1, Math.min(most.processes, Math.floor((tasksMax * part) / (threads + listeners))));
  const requests = threads * processes;
  return { processes, threads, requests, places: Math.floor((requests * 7) / 8) };
}

/** Processes and threads of one Apache when it is busy, the process that starts the others among them. @param tasksMax of the account */
export function apacheTasks(tasksMax: number): number {
  const { processes, threads } = apacheSize(tasksMax);
  return 1 + processes * (threads + listeners);
}

/** What the configuration reads. @param tasksMax of the account */
export function apacheEnvironment(tasksMax: number): Readonly<Record<string, string>> {
  const { processes, threads, requests } = apacheSize(tasksMax);
  return {
    FAIRHOST_PROCESSES: `${processes}`,
    FAIRHOST_THREADS: `${threads}`,
    FAIRHOST_REQUESTS: `${requests}`,
  };
}
