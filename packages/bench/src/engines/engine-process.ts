// The parent's side of an engine in a process of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CommandError } from '@foreword/cli-kit';
import type { Engine, EngineReply, EngineRequest, WorkResult } from './protocol.ts';

export interface EngineProcessOptions {
  /** The words before the script: what runs it. Default this Node with its flags, so that the child has its loader. */
  interpreter?: readonly string[];
  /** Words after the script. */
  args?: readonly string[];
  /** Added to `start`, for an engine that cannot look a work up by its name. */
  describe?: (work: string) => Promise<unknown>;
  /** Added to the environment of the child. */
  env?: Readonly<Record<string, string>>;
  /** No answer for this long is a failure. Default 600 s: a first step has been seen to take minutes. */
  timeLimitSeconds?: number;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** JSON has null for what is no number, and null would count as 0. */
const withNaN = ({ timesMs, sample }: WorkResult): WorkResult => ({
  timesMs,
  sample: sample.map((value: number | null) => value ?? Number.NaN),
});

/** Methods of `Engine`, answered by a child process. */
export class EngineProcess implements Engine {
  /** What it is called in results and errors. */
  readonly id: string;
  readonly #child: ChildProcess;
  readonly #timeLimitSeconds: number;
  readonly #describe: EngineProcessOptions['describe'];
  #waiting: Waiting | undefined;
  #stderr = '';
  #ended: Error | undefined;

  /** Starts `script`, which answers as `serveEngine` does. */
  constructor(
    id: string,
    script: URL,
    {
      interpreter: [program, ...words] = [process.execPath, ...process.execArgv],
      args = [],
      describe,
      env = {},
      timeLimitSeconds = 600,
    }: EngineProcessOptions = {},
  ) {
    this.id = id;
    this.#timeLimitSeconds = timeLimitSeconds;
    this.#describe = describe;
    this.#child = spawn(program, [...words, fileURLToPath(script), ...args], {
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

  async start(work: string): ReturnType<Engine['start']> {
    const description = await this.#describe?.(work);
    const more = description === undefined ? [] : [JSON.stringify(description)];
    return withNaN(await this.#ask('start', work, ...more));
  }

  async run(work: string, count: number): ReturnType<Engine['run']> {
    return withNaN(await this.#ask('run', work, count));
  }

  facts(work: string, repeats: number): ReturnType<Engine['facts']> {
    return this.#ask('facts', work, repeats);
  }

  finish(work: string): ReturnType<Engine['finish']> {
    return this.#ask('finish', work);
  }

  /** Lets the child end by itself, which gives its driver the time to write what it keeps; resolves when it has. */
  async end(): Promise<void> {
    this.#ended ??= new Error(`${this.id}: closed`);
    const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const ended = isOver ? undefined : once(this.#child, 'close');
    this.#child.stdin?.end();
    await ended;
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
