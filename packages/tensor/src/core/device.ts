// The device: memory, kernels and the command stream. Eager ops are encoded here; while a plan is traced
// they are only written down.
import type { AdapterSummary } from './adapter.ts';
import { Choices, type Tuning } from './choices.ts';
import { BufferPool, sizeClass } from './buffer-pool.ts';
import { DeviceLostError, LimitError, OutOfMemoryError, TensorError } from './errors.ts';
import { LeakWatch } from './leak-watch.ts';
import { PipelineCache } from './pipelines.ts';
import type { Recorder } from './recorder.ts';
import { ScopeStack } from './scopes.ts';
import { StagingBuffers } from './staging-buffers.ts';
import { Storage, type StorageOwner } from './storage.ts';
import {
  buildCall,
  describeCall,
  type KernelCall,
  type KernelLimits,
  type KernelSpec,
} from '../kernel/kernel.ts';

export interface DeviceOptions {
  /** Pretend the binding limit is this many bytes (tests of tensors over the limit). */
  bindingLimit?: number;
  /** Pretend that one dimension takes at most this many workgroups (tests of large grids). */
  workgroupLimit?: number;
  /** Most bytes kept for reuse; default 512 MiB. */
  poolBytes?: number;
  /** What a tuner has found for this adapter; without it, kernels are taken that do on most. */
  tuning?: Tuning;
  /**
   * On a GPU with subgroup matrices, a product in which one factor is f16 rounds the other to f16 as well: about 3
   * decimal digits, and what is beyond 65,504 (for gradients beyond 16) becomes infinite. Sums stay f32; products of two
   * f32 are never rounded.
   * Default false.
   */
  halfProducts?: boolean;
  /** Where remarks go, such as that of a loop which keeps every tensor it makes; default `console.warn`. */
  remark?: (text: string) => void;
}

export interface DeviceStats {
  /** Bytes of tensors now alive. */
  liveBytes: number;
  /** Bytes of freed buffers kept for reuse. */
  pooledBytes: number;
  /** Kernels run so far, eager and replayed. */
  dispatches: number;
  submits: number;
  pipelines: number;
}

export class Device implements StorageOwner {
  readonly gpu: GPUDevice;
  readonly adapter: AdapterSummary;
  readonly kernelLimits: KernelLimits;
  readonly pipelines: PipelineCache;
  /** See {@link DeviceOptions.halfProducts}. */
  readonly halfProducts: boolean;
  readonly scopes = new ScopeStack();
  /** Which kernel ops take where there are several. */
  readonly choices: Choices;
  /** Set while a plan is being traced. */
  trace: Recorder | undefined;
  /** False inside `noGrad`. */
  gradEnabled = true;
  /** Inside `checkpoint`: the trainable tensors that ops took; no tape is written, and nothing saved for it. */
  captured: Set<object> | undefined;
  readonly #pool: BufferPool;
  readonly #staging = new StagingBuffers();
  readonly #leaks: LeakWatch;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #errors: Error[] = [];
  #lost: DeviceLostError | undefined;
  #closed = false;
  /** What ran last, for errors that WebGPU reports without a caller to blame. */
  #last: KernelCall | string = 'start';
  #liveBytes = 0;
  /** Uploaded since the last {@link Device.finish}. */
  #pendingUploadBytes = 0;
  #dispatches = 0;
  #submits = 0;
  readonly #pendingChecks = new Set<Promise<void>>();

  constructor(gpu: GPUDevice, adapter: AdapterSummary, options: DeviceOptions = {}) {
    this.gpu = gpu;
    this.adapter = adapter;
    this.choices = new Choices(options.tuning?.choices);
    this.pipelines = new PipelineCache(gpu);
    this.halfProducts = options.halfProducts ?? false;
    this.kernelLimits = {
      bindingBytes: options.bindingLimit ?? gpu.limits.maxStorageBufferBindingSize,
      storageBuffers: gpu.limits.maxStorageBuffersPerShaderStage,
      workgroupsPerDimension: options.workgroupLimit ?? gpu.limits.maxComputeWorkgroupsPerDimension,
      hasF16: gpu.features.has('shader-f16'),
      hidesLoopCounts: adapter.kind === 'software',
    };
    this.#leaks = new LeakWatch(options.remark ?? ((text) => console.warn(text)));
    this.#pool = new BufferPool(options.poolBytes ?? 512 * 2 ** 20);
    gpu.addEventListener('uncapturederror', (event) => {
      this.#errors.push(new TensorError(`WebGPU error near ${this.#lastWork()}: ${event.error.message}`));
    });
    void gpu.lost.then((info) => {
      if (this.#closed) return;
      this.#lost = new DeviceLostError(
        `the GPU was lost during ${this.#lastWork()}: ${info.message || info.reason}; open a new device and load again`,
      );
    });
  }

  get stats(): DeviceStats {
    return {
      liveBytes: this.#liveBytes,
      pooledBytes: this.#pool.bytes,
      dispatches: this.#dispatches,
      submits: this.#submits,
      pipelines: this.pipelines.size,
    };
  }

  /** Largest binding in bytes; bigger tensors are walked in windows. */
  get bindingLimit(): number {
    return this.kernelLimits.bindingBytes;
  }

  /** Errors WebGPU reported without a caller to blame; taking them clears the list. */
  takeErrors(): Error[] {
    return this.#errors.splice(0);
  }

  /** @throws DeviceLostError when the device was closed or the GPU went away. */
  assertOpen(): void {
    if (this.#closed) throw new DeviceLostError('this device was closed');
    if (this.#lost) throw this.#lost;
  }

  /** @throws the first stored error: lost device, out of memory, validation. */
  assertHealthy(): void {
    this.assertOpen();
    // A buffer there was no room for makes everything that uses it invalid; those complaints say nothing more.
    const outOfMemory = this.#errors.find((error) => error instanceof OutOfMemoryError);
    if (outOfMemory) this.#errors = [];
    const first = outOfMemory ?? this.#errors.shift();
    if (first) throw first;
  }

  #lastWork(): string {
    return typeof this.#last === 'string' ? this.#last : describeCall(this.#last);
  }

  // ── memory ────────────────────────────────────────────────────────────────

  /** A buffer of at least `byteLength` bytes, from the pool unless `fresh`. Its contents are undefined. */
  createBuffer(byteLength: number, label: string, fresh = false): GPUBuffer {
    this.assertOpen();
    const pooled = fresh ? undefined : this.#pool.take(byteLength);
    if (pooled) return pooled;
    const size = fresh ? byteLength : sizeClass(byteLength);
    if (size > this.gpu.limits.maxBufferSize) {
      throw new LimitError(
        `${label}: ${size} bytes are over this adapter's buffer limit of ${this.gpu.limits.maxBufferSize}; ` +
          `use a smaller batch, f16, or a smaller model`,
      );
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return this.#newBuffer(label, size, usage);
  }

  /** Memory from the GPU; when it has none left, the next read throws an OutOfMemoryError. */
  #newBuffer(label: string, size: number, usage: number): GPUBuffer {
    this.gpu.pushErrorScope('out-of-memory');
    const buffer = this.gpu.createBuffer({ label, size, usage });
    const inUse = this.#liveBytes;
    const check = this.gpu
      .popErrorScope()
      .then(
        (error) => {
          if (!error) return;
          this.#errors.push(
            new OutOfMemoryError(
              `${label}: the GPU has no room for ${size} more bytes (${inUse} in use); ` +
                `use a smaller batch, f16, or a smaller model`,
            ),
          );
        },
        // The scope of a lost device may be refused; `lost` reports that.
        () => {},
      )
      .finally(() => this.#pendingChecks.delete(check));
    this.#pendingChecks.add(check);
    return buffer;
  }

  /** Memory for one tensor; belongs to the innermost scope, or to the trace while one runs. */
  allocate(byteLength: number, label: string): Storage {
    if (this.trace) return this.trace.allocate(byteLength, label);
    const storage = new Storage(this, byteLength, label, { buffer: this.createBuffer(byteLength, label) });
    this.#liveBytes += storage.buffer!.size;
    if (!this.scopes.register(storage)) {
      storage.looseOp = label.slice(0, Math.max(0, label.indexOf(' [')));
      this.#leaks.made(storage.looseOp);
    }
    return storage;
  }

  /** Memory that outlives scopes and traces: weights, optimiser state, plan inputs. Zeroed. */
  allocatePersistent(byteLength: number, label: string): Storage {
    const buffer = this.createBuffer(byteLength, label, true);
    this.#liveBytes += buffer.size;
    return new Storage(this, byteLength, label, { buffer });
  }

  releaseStorage(storage: Storage): void {
    this.settle(storage);
    const buffer = storage.buffer;
    if (!buffer || this.#closed) return;
    this.#liveBytes -= buffer.size;
    storage.buffer = undefined;
    if (buffer.size === sizeClass(buffer.size) && this.#pool.give(buffer)) return;
    this.flush();
    buffer.destroy();
  }

  /** Takes a storage that somebody keeps on purpose out of the count of forgotten ones. */
  settle(storage: Storage): void {
    if (storage.looseOp === undefined) return;
    this.#leaks.gone(storage.looseOp);
    storage.looseOp = undefined;
  }

  /** Frees the buffers kept for reuse. */
  trim(): void {
    this.flush();
    this.#pool.clear();
    this.#staging.clear();
  }

  /**
   * Runs `fn`; tensors made inside are released afterwards, except those in its result (found in arrays,
   * maps and plain objects). Works with async functions as long as scopes end in the order they began.
   */
  scope<T>(fn: () => T): T {
    return this.scopes.run(fn);
  }

  // ── commands ──────────────────────────────────────────────────────────────

  /** Runs one kernel (or writes it down while a plan is traced). */
  run(opName: string, spec: KernelSpec): void {
    const call = this.build(opName, spec);
    if (!call) return;
    // What a plan traces it owns; anything else must be alive now.
    for (const { storage } of call.bindings) if (!this.trace || !storage.isVirtual) storage.assertLive();
    if (this.trace) {
      this.trace.record(call);
      return;
    }
    this.encode(call);
  }

  /** The call of a kernel on this device's adapter; undefined when it has nothing to do. */
  build(opName: string, spec: KernelSpec): KernelCall | undefined {
    return buildCall(opName, spec, this.kernelLimits);
  }

  encode(call: KernelCall): void {
    this.assertOpen();
    this.#last = call;
    const pipeline = this.pipelines.get(call);
    this.#encoder ??= this.gpu.createCommandEncoder({ label: 'eager' });
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, this.bindGroup(call));
    this.#pass.dispatchWorkgroups(call.grid[0], call.grid[1]);
    this.#dispatches++;
  }

  bindGroup({ name, layout, bindings, sizes }: KernelCall): GPUBindGroup {
    const resources: GPUBindingResource[] = bindings.map((b) => {
      const { buffer, byteOffset } = b.storage.resolve();
      return { buffer, offset: byteOffset + b.byteOffset, size: b.byteLength };
    });
    if (sizes.length > 0) resources.push({ buffer: this.pipelines.sizes.get(sizes) });
    return this.gpu.createBindGroup({
      label: name,
      layout: this.pipelines.layoutOf(layout),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }

  /** Submits what eager ops have encoded. Reading a tensor does this by itself. */
  flush(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    const commands = this.#encoder.finish();
    this.#encoder = undefined;
    this.#pass = undefined;
    this.gpu.queue.submit([commands]);
    this.#submits++;
  }

  /** Submits a plan's commands; `dispatches` and `what` keep statistics and error messages right. */
  submit(commands: GPUCommandBuffer, dispatches: number, what: string): void {
    this.assertOpen();
    this.flush();
    this.#last = what;
    this.gpu.queue.submit([commands]);
    this.#dispatches += dispatches;
    this.#submits++;
  }

  /** Writes host bytes; commands encoded before see the old contents, those after the new. */
  upload(storage: Storage, byteOffset: number, bytes: Uint8Array<ArrayBuffer>): void {
    storage.assertLive();
    const place = storage.resolve();
    this.flush();
    this.gpu.queue.writeBuffer(place.buffer, place.byteOffset + byteOffset, bytes);
    this.#pendingUploadBytes += bytes.byteLength;
  }

  /**
   * Waits for the GPU once it has more than `pendingBytes` of {@link Device.upload} before it: each upload is kept in a
   * buffer of the driver's until it is done. Default 32 MiB.
   */
  async drainUploads(pendingBytes = 32 * 2 ** 20): Promise<void> {
    if (this.#pendingUploadBytes > pendingBytes) await this.finish();
  }

  /** Copies `byteLength` bytes (a multiple of 4) back to the host. */
  async download(storage: Storage, byteOffset: number, byteLength: number): Promise<ArrayBuffer> {
    storage.assertLive();
    // Stored errors are thrown at the end, when it is known whether missing memory caused them.
    this.assertOpen();
    const place = storage.resolve();
    this.flush();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging =
      this.#staging.take(byteLength) ?? this.#newBuffer(`reading ${storage.label}`, byteLength, usage);
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(place.buffer, place.byteOffset + byteOffset, staging, 0, byteLength);
    this.gpu.queue.submit([encoder.finish()]);
    this.#submits++;
    try {
      await staging.mapAsync(GPUMapMode.READ);
    } catch (error) {
      await Promise.all(this.#pendingChecks);
      this.assertHealthy();
      throw error;
    }
    const copy = staging.getMappedRange().slice(0);
    staging.unmap();
    if (this.#closed) staging.destroy();
    else this.#staging.give(staging);
    await Promise.all(this.#pendingChecks);
    this.assertHealthy();
    return copy;
  }

  /** Waits until the GPU has done everything submitted so far. */
  async finish(): Promise<void> {
    this.flush();
    await this.gpu.queue.onSubmittedWorkDone();
    this.#pendingUploadBytes = 0;
    await Promise.all(this.#pendingChecks);
    this.assertHealthy();
  }

  /** Frees everything; a Node process can exit afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool.clear();
    this.gpu.destroy();
  }
}
