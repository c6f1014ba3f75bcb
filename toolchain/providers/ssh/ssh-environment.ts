import type { Client } from "ssh2";

/** One variable to set before a command. */
export interface Variable {
  readonly value: string;
  /** Called when the server will not take it. If it returns false, the command is not run. */
  onRefused(): boolean;
}

interface Channel {
  readonly outgoing?: { readonly id: number };
  readonly _callbacks: ((refused: boolean) => void)[];
  close(): void;
}

/** The part of ssh2's inside that is needed; package.json pins its version, a test with a real sshd guards it. */
interface Inside {
  readonly _protocol: {
    env(channel: number, name: string, variable: unknown, wantReply: boolean): void;
    exec(channel: number, command: string, wantReply: boolean): void;
  };
  readonly _chanMgr: { readonly _channels: { readonly [local: number]: Channel } };
}

interface Asked {
  left: number;
  stop: boolean;
  goOn(): void;
}

const prepared = new WeakSet<Client>();

/**
 * The `env` option for ssh2's `exec` that waits for the server's answers. A server takes only the variables that its
 * AcceptEnv names; ssh2 by itself neither asks for an answer nor waits, so a command would run without its variables.
 */
export function environmentFor(client: Client, variables: ReadonlyMap<string, Variable>): NodeJS.ProcessEnv {
  if (!prepared.has(client)) holdBackCommands(client as unknown as Inside);
  prepared.add(client);
  return Object.fromEntries(variables) as unknown as NodeJS.ProcessEnv;
}

/** Sends variables with a wish for an answer, and a channel's command only when all answers are in. */
function holdBackCommands({ _protocol: protocol, _chanMgr: manager }: Inside): void {
  const [sendVariable, sendCommand] = [protocol.env.bind(protocol), protocol.exec.bind(protocol)];
  const asked = new Map<number, Asked>();
  const find = (id: number) => Object.values(manager._channels).find((channel) => channel.outgoing?.id === id);

  protocol.env = (id, name, given) => {
    const variable = given as Variable;
    const state = asked.get(id) ?? { left: 0, stop: false, goOn: () => {} };
    asked.set(id, state);
    state.left += 1;
    find(id)?._callbacks.push((refused) => {
      state.left -= 1;
      if (refused && !variable.onRefused()) state.stop = true;
      if (state.left === 0) state.goOn();
    });
    sendVariable(id, name, variable.value, true);
  };

  protocol.exec = (id, command, wantReply) => {
    const state = asked.get(id);
    if (!state) return sendCommand(id, command, wantReply);
    state.goOn = () => {
      asked.delete(id);
      const channel = find(id);
      if (!channel) return;
      if (!state.stop) return sendCommand(id, command, wantReply);
      // The next callback in the queue is ssh2's own for the command.
      channel._callbacks.shift()?.(true);
      channel.close();
    };
  };
}
