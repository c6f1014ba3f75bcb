import { identify } from "../../toolchain/system/processes.ts";
import { type DeployRecord, ended, withWave, writeRecord } from "./record.ts";

/** The record of a running deploy. Each write is on the disk before the next step begins. */
export class Journal {
  readonly #directory: string;
  #record: DeployRecord;
  #last: Promise<void> = Promise.resolve();

  private constructor(directory: string, record: DeployRecord) {
    this.#directory = directory;
    this.#record = record;
  }

  static async begin(directory: string, record: DeployRecord): Promise<Journal> {
    const journal = new Journal(directory, record);
    await journal.#save(record);
    return journal;
  }

  get record(): DeployRecord {
    return this.#record;
  }

  write(more: Partial<DeployRecord>): Promise<void> {
    return this.#save({ ...this.#record, ...more });
  }

  wave(index: number, result: Parameters<typeof withWave>[2], problems?: readonly string[]): Promise<void> {
    return this.#save(withWave(this.#record, index, result, new Date(), problems));
  }

  /** Records which engine runs, so that its remains can be told from those of others. */
  async engine(pid: number): Promise<void> {
    const engine = await identify(pid);
    if (engine) await this.write({ engine });
  }

  async end(result: Parameters<typeof ended>[1], reason?: string): Promise<void> {
    await this.#save(ended(this.#record, result, new Date(), reason));
  }

  /** One write at a time, in order. */
  #save(record: DeployRecord): Promise<void> {
    this.#record = record;
    this.#last = this.#last.then(() => writeRecord(this.#directory, this.#record));
    return this.#last;
  }
}
