// The parent's side of an engine in a process of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CommandError } from '@foreword/cli-kit';
import type { Engine, EngineReply, EngineRequest } from './protocol.ts';

export interface EngineProcessOptions {
  /** Words after the script. */
  args?: readonly string[];
  /** The Node to run it with; this one by default. */
  node?: string;
  /** Added to the environment of the child. */
  env?: Readonly<Record<string, string>>;
  /** No answer for this long is a failure. Default 600 s: a first step has been seen to take minutes. */
  timeLimitSeconds?: number;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** Methods of `Engine`, answered by a child process. */
export class EngineProcess implements Engine {
  /** What it is called in results and errors. */
  readonly id: string;
  readonly #child: ChildProcess;
  readonly #timeLimitSeconds: number;
  #waiting: Waiting | undefined;
  #stderr = '';
  #ended: Error | undefined;

  /** Starts `script`, a module of this folder that calls `serveEngine`. */
  constructor(
    id: string,
    script: URL,
    { args = [], node = process.execPath, env = {}, timeLimitSeconds = 600 }: EngineProcessOptions = {},
  ) {
    this.id = id;
    this.#timeLimitSeconds = timeLimitSeconds;
    // The child needs the loader that this process runs under.
    this.#child = spawn(node, [...process.execArgv, fileURLToPath(script), ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    // A child that is gone is reported by 'close'; the broken pipe says nothing more.
    this.#child.stdin?.on('error', () => {});
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#receive(line));
    this.#child.on('error', (error) => this.#fail(`could not be started: ${error.message}`));
    this.#child.on('close', (code, signal) => this.#fail(`ended with ${signal ?? `exit code ${code}`}`));
  }

  open(): ReturnType<Engine['open']> {
    return this.#ask('open');
  }

  start(work: string): ReturnType<Engine['start']> {
    return this.#ask('start', work);
  }

  run(work: string, count: number): ReturnType<Engine['run']> {
    return this.#ask('run', work, count);
  }

  facts(work: string, repeats: number): ReturnType<Engine['facts']> {
    return this.#ask('facts', work, repeats);
  }

  finish(work: string): ReturnType<Engine['finish']> {
    return this.#ask('finish', work);
  }

  /** Ends the child. */
  close(): void {
    this.#ended ??= new Error(`${this.id}: closed`);
    this.#child.stdin?.end();
    this.#child.kill();
  }

  async #ask<T>(method: keyof Engine, ...args: EngineRequest['args']): Promise<T> {
    if (this.#ended) throw this.#ended;
    if (this.#waiting) throw new Error(`${this.id}: asked twice at once`);
    const request: EngineRequest = { method, args };
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        timer = setTimeout(
          () => this.#fail(`gave no answer to ${method} within ${this.#timeLimitSeconds} s`),
          this.#timeLimitSeconds * 1000,
        );
        this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  #receive(line: string): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    let reply: EngineReply;
    try {
      reply = JSON.parse(line) as EngineReply;
    } catch {
      this.#fail(`wrote a line that is no JSON: ${line.slice(0, 200)}`);
      return;
    }
    if ('error' in reply) {
      waiting.reject(new CommandError(`${this.id}: ${reply.error}`, { exitCode: reply.exitCode }));
    } else waiting.resolve(reply.value as never);
  }

  #fail(what: string): void {
    if (this.#ended) return;
    const said = this.#stderr.trim();
    this.#ended = new CommandError(`${this.id} ${what}${said && `\n${said}`}`);
    this.#waiting?.reject(this.#ended);
    this.#child.kill();
  }
}
