/**
 * Keeps ONNX Runtime from reporting its use: since 1.30 it sends events to its makers from Linux as well, and leaves an
 * empty `/tmp/mat-debug-<pid>.log` behind. Who wants that sets `ORT_DISABLE_TELEMETRY=0`.
 *
 * To be called on the main thread before the library is loaded: only there does `process.env` reach native code.
 */
export function silenceTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
