/** Calls of a plan as closures: everything that is the same at every run is made once. */
import type { Argument, Call, TorchDType } from '../../../torch/plan.ts';
import type { Handle, TorchLibrary } from './library.ts';

/** The tensors of a running plan, and the scalars that it was fed. */
export interface Frame {
  readonly handles: BigUint64Array;
  scalar(input: string): number;
}

/** Carries out one call. */
export type Step = () => void;

/** Ops whose schema has a Scalar or a string go through plain functions of their own. */
type PlainFunction = (library: TorchLibrary, call: Call, frame: Frame) => Step;

const slotAt = (call: Call, index: number): number => (call.args[index] as { readonly slot: number }).slot;
const intsAt = (call: Call, index: number): BigInt64Array =>
  BigInt64Array.from((call.args[index] as { readonly values: readonly number[] }).values, BigInt);
const valueAt = <T>(call: Call, index: number): T =>
  (call.args[index] as unknown as { readonly value: T }).value;

/** `aoti_torch_cpu_…` or `aoti_torch_cuda_…`. */
const own = ({ device }: TorchLibrary, name: string): string => `aoti_torch_${device}_${name}`;

/** Calls a function of libtorch's, and takes its results from `out`. */
function timed(
  library: TorchLibrary,
  call: Call,
  frame: Frame,
  out: BigUint64Array,
  run: () => number,
): Step {
  const { results, op } = call;
  return () => {
    const start = performance.now();
    const status = run();
    library.seconds += (performance.now() - start) / 1000;
    library.check(status, op);
    for (let i = 0; i < results.length; i++) {
      if (out[i] === 0n) continue;
      library.live++;
      const slot = results[i];
      if (slot === undefined) library.drop(out[i]);
      else frame.handles[slot] = out[i];
    }
  };
}

const sum =
  (name: string): PlainFunction =>
  (library, call, frame) => {
    const add = library.function(
      `int32_t ${name === 'add' ? own(library, 'add_Tensor') : 'aoti_torch_aten_subtract_Tensor'}(uint64_t a, uint64_t b, double alpha, uint64_t* out)`,
    );
    const [a, b] = [slotAt(call, 0), slotAt(call, 1)];
    const alpha = valueAt<number>(call, 2);
    const out = new BigUint64Array(1);
    const { handles } = frame;
    return timed(library, call, frame, out, () => add(handles[a], handles[b], alpha, out));
  };

const convolution: PlainFunction = (library, call, frame) => {
  const run = library.function(
    `int32_t ${own(library, 'convolution')}(uint64_t x, uint64_t w, uint64_t* bias, int64_t* s, int64_t sn, ` +
      'int64_t* p, int64_t pn, int64_t* d, int64_t dn, int32_t transposed, int64_t* op, int64_t opn, int64_t groups, uint64_t* out)',
  );
  const [x, w] = [slotAt(call, 0), slotAt(call, 1)];
  const bias = call.args[2].kind === 'someTensor' ? slotAt(call, 2) : undefined;
  const given = bias === undefined ? null : new BigUint64Array(1);
  const [stride, padding, dilation] = [3, 4, 5].map((i) => intsAt(call, i));
  const outputPadding = intsAt(call, 7);
  const groups = valueAt<number>(call, 8);
  const out = new BigUint64Array(1);
  const { handles } = frame;
  return timed(library, call, frame, out, () => {
    if (given) given[0] = handles[bias!];
    return run(
      handles[x],
      handles[w],
      given,
      stride,
      2,
      padding,
      2,
      dilation,
      2,
      0,
      outputPadding,
      2,
      groups,
      out,
    );
  });
};

const convolutionBackward: PlainFunction = (library, call, frame) => {
  const run = library.function(
    `int32_t ${own(library, 'convolution_backward')}(uint64_t dy, uint64_t x, uint64_t w, void* bias, int64_t bn, ` +
      'int64_t* s, int64_t sn, int64_t* p, int64_t pn, int64_t* d, int64_t dn, int32_t transposed, int64_t* op, ' +
      'int64_t opn, int64_t groups, int32_t* mask, int64_t mn, uint64_t* dx, uint64_t* dw, uint64_t* db)',
  );
  const [dy, x, w] = [0, 1, 2].map((i) => slotAt(call, i));
  const [stride, padding, dilation] = [4, 5, 6].map((i) => intsAt(call, i));
  const outputPadding = intsAt(call, 8);
  const groups = valueAt<number>(call, 9);
  const mask = Int32Array.from((call.args[10] as { readonly values: readonly boolean[] }).values, Number);
  const out = new BigUint64Array(3);
  const [dx, dw, db] = [0, 1, 2].map((i) => out.subarray(i, i + 1));
  const { handles } = frame;
  return timed(library, call, frame, out, () => {
    out.fill(0n);
    const operands = [handles[dy], handles[x], handles[w]];
    const windows = [stride, 2, padding, 2, dilation, 2, 0, outputPadding, 2, groups];
    return run(...operands, null, 0, ...windows, mask, 3, dx, dw, db);
  });
};

const pad: PlainFunction = (library, call, frame) => {
  const run = library.function(
    'int32_t aoti_torch_aten_pad(uint64_t x, int64_t* pad, int64_t n, const char* mode, double* value, uint64_t* out)',
  );
  const x = slotAt(call, 0);
  const margins = intsAt(call, 1);
  const mode = valueAt<string>(call, 2);
  const out = new BigUint64Array(1);
  const { handles } = frame;
  return timed(library, call, frame, out, () => run(handles[x], margins, margins.length, mode, null, out));
};

/** Uninitialised, with the channels innermost, on the plan's device. */
const empty: PlainFunction = (library, call, { handles }) => {
  const { values: shape } = call.args[0] as { readonly values: readonly number[] };
  const dtype = valueAt<TorchDType>(call, 1);
  const slot = call.results[0]!;
  return () => {
    handles[slot] = library.empty(shape, dtype, true);
  };
};

const PLAIN: Readonly<Record<string, PlainFunction>> = {
  'add.Tensor': sum('add'),
  'sub.Tensor': sum('sub'),
  convolution,
  convolution_backward: convolutionBackward,
  pad,
  empty,
};

/** What carries out a call, and then lets go of what is needed no more. */
export function compileCall(library: TorchLibrary, call: Call, frame: Frame): Step {
  const plain = PLAIN[call.op];
  const { handles } = frame;
  if (plain) {
    const run = plain(library, call, frame);
    const { releases } = call;
    return () => {
      run();
      for (const slot of releases) release(library, handles, slot);
    };
  }
  return compileDispatch(library, call, frame);
}

function release(library: TorchLibrary, handles: BigUint64Array, slot: number): void {
  library.drop(handles[slot]);
  handles[slot] = 0n;
}

/** Through the dispatcher, which takes what it is handed: a tensor that dies here is handed over itself, others are shared. */
function compileDispatch(library: TorchLibrary, call: Call, frame: Frame): Step {
  const { handles } = frame;
  const [name, overload = ''] = call.op.split('.');
  const op = `aten::${name}`;
  const passed = new Set(
    call.args.flatMap((arg) => (arg.kind === 'tensor' || arg.kind === 'someTensor' ? [arg.slot] : [])),
  );
  const handed = new Set(
    call.releases.filter(
      (slot) => passed.has(slot) && countOf(call, slot) === 1 && !call.results.includes(slot),
    ),
  );
  const releases = call.releases.filter((slot) => !handed.has(slot));
  const makers = call.args.map((arg) => argument(library, arg, frame, handed));
  const { results, becomes } = call;
  const args = new Array<bigint>(makers.length);
  return () => {
    for (let i = 0; i < makers.length; i++) args[i] = makers[i]();
    const stack = library.dispatch(op, overload, args, results.length);
    for (let i = 0; i < results.length; i++) {
      const slot = results[i];
      if (slot !== undefined) handles[slot] = stack[i];
      else if (stack[i] !== 0n) library.drop(stack[i]);
    }
    if (becomes) {
      handles[becomes.result] = handles[becomes.operand];
      handles[becomes.operand] = 0n;
    }
    for (const slot of releases) release(library, handles, slot);
  };
}

function countOf({ args }: Call, slot: number): number {
  return args.filter(
    (arg) =>
      ((arg.kind === 'tensor' || arg.kind === 'someTensor') && arg.slot === slot) ||
      (arg.kind === 'tensors' && arg.slots.includes(slot)),
  ).length;
}

/** What makes the word for an argument, anew at every call where the callee takes what it points to. */
function argument(
  library: TorchLibrary,
  arg: Argument,
  { handles, scalar }: Frame,
  handed: ReadonlySet<number>,
): () => bigint {
  const lent = (slot: number): Handle => {
    const own = handed.has(slot);
    const handle = own ? handles[slot] : library.share(handles[slot]);
    if (own) handles[slot] = 0n;
    library.live--;
    return handle;
  };
  switch (arg.kind) {
    case 'tensor':
      return () => lent(arg.slot);
    case 'someTensor':
      return () => library.some(lent(arg.slot));
    case 'tensors':
      return () => library.list(arg.slots.map(lent));
    case 'none':
      return () => 0n;
    case 'fedDouble':
      return () => library.double(scalar(arg.input) || (arg.forZero ?? 0));
    case 'fedZero':
      return () => (scalar(arg.input) === 0 ? 1n : 0n);
    case 'ints':
    case 'bools':
      return list(library, arg.values);
    case 'someInts': {
      const make = list(library, arg.values);
      return () => library.some(make());
    }
    case 'someInt':
    case 'someDtype': {
      const word = constantWord(library, arg);
      return () => library.some(word);
    }
    default: {
      const word = constantWord(library, arg);
      return () => word;
    }
  }
}

function list(library: TorchLibrary, values: readonly (number | boolean)[]): () => bigint {
  const words = values.map((value) => BigInt.asUintN(64, BigInt(value)));
  return () => library.list(words);
}

function constantWord(library: TorchLibrary, arg: Argument): bigint {
  switch (arg.kind) {
    case 'int':
    case 'someInt':
    case 'bool':
      return BigInt.asUintN(64, BigInt(arg.value));
    case 'double':
      return library.double(arg.value);
    case 'memoryFormat':
      return BigInt(library.memoryFormats[arg.value]);
    case 'dtype':
    case 'someDtype':
      return BigInt(library.dtypes[arg.value as TorchDType]);
    default:
      throw new Error(`internal: an argument of kind ${arg.kind} has no constant word`);
  }
}
