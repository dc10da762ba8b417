import { expect, it } from 'vitest';
import { describeMachine, describe as settings } from '../../../src/cli/train/run-facts.ts';
import type { RunConfig } from '../../../src/run/config.ts';
import { tinyConfig } from '../../train/tiny-learner.ts';

const onnx = { ...tinyConfig(), workers: 1 };
const torch: RunConfig = { ...onnx, engine: 'torch', device: 'cuda', precision: 'bfloat16' };

it('tells what a run is computed on', () => {
  expect(describeMachine(onnx)).toBe('cpu, 1 loader thread');
  expect(describeMachine(torch)).toBe('torch on cuda, bfloat16, 1 loader thread');
});

it('and what it was begun on, where it goes on elsewhere', () => {
  expect(describeMachine(torch, torch)).toBe(describeMachine(torch));
  const machine = settings(torch, 'runs/x', onnx).find(([name]) => name === 'machine');
  expect(machine?.[1]).toBe('torch on cuda, bfloat16 (begun on cpu), 1 loader thread, seed 1');
});
