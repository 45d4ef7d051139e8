// The run as one row of moments, for what is unfolded now: what is known at each position, and from when on.
// Position p: the first p moments have happened.

import { toFloat } from "./format.js";

export class Run {
  constructor(data, unfolded) {
    this.data = data;
    this.unfolded = unfolded; // places of nodes
    this.same = new Map(); // the last step of an unfolded node is that node
    for (const node of unfolded) {
      data.nodes.forEach((other, place) => {
        if (other.part_of === node && other.name === data.nodes[node].name) this.same.set(place, node);
      });
    }
    this.moments = []; // {step, place, owner, phase}
    this.makeMoments();
    this.readTimes();
  }

  get length() {
    return this.moments.length;
  }

  makeMoments() {
    const { blocks, steps, seed } = this.data;
    const add = (owner, phase, places) => {
      for (const place of places) this.moments.push({ step: steps[place], place, owner, phase });
    };
    for (const [node, forward] of blocks) add(node, "forward", this.unfolding(node)?.[0] ?? forward);
    if (seed === null) return;
    add(this.data.loss, "seed", [seed]);
    for (const [node, , backward] of [...blocks].reverse()) {
      add(node, "backward", this.unfolding(node)?.[1] ?? backward);
    }
  }

  unfolding(node) {
    return this.unfolded.has(node) ? this.data.unfoldings[node] : null;
  }

  node(place) {
    return this.same.get(place) ?? place;
  }

  readTimes() {
    this.made = new Map();
    this.sent = new Map(); // "consumer,slot" → position
    this.arrivals = new Map(); // node → [{at, moment}], in order
    this.done = new Map(); // node → the position at which all it sends is sent
    this.stops = [0];
    this.moments.forEach((moment, index) => {
      const { step } = moment;
      const at = index + 1;
      if (step.kind === "forward") this.made.set(this.node(step.node), at);
      if (step.kind === "seed") this.arrive(step.node, at, moment);
      if (step.kind === "contribution") {
        this.sent.set(`${step.node},${step.slot}`, at);
        this.done.set(step.node, at);
        if (!this.isAdded(index)) this.arrive(step.to, at, moment);
      }
      if (step.kind === "add") {
        this.done.set(step.node, at);
        this.arrive(step.to, at, this.moments[index - 1]);
      }
      const next = this.moments[index + 1];
      if (!next || next.step.node !== step.node || next.phase !== moment.phase) this.stops.push(at);
    });
  }

  /** Whether the product made at this moment is added to what had arrived before, by the next moment. */
  isAdded(index) {
    return this.moments[index + 1]?.step.kind === "add";
  }

  arrive(node, at, moment) {
    const place = this.node(node);
    if (!this.arrivals.has(place)) this.arrivals.set(place, []);
    this.arrivals.get(place).push({ at, moment });
  }

  /** Whether the model gives the gradient to begin with, instead of a loss. */
  isGiven() {
    const seed = this.data.steps[this.data.seed];
    const first = this.array(seed.array)?.data?.[0] ?? 1;
    return this.data.nodes[seed.node].shape.length > 0 || first !== 1;
  }

  isLeaf(place) {
    return this.data.nodes[place].role !== "node";
  }

  madeAt(place) {
    return this.isLeaf(place) ? 0 : (this.made.get(this.node(place)) ?? Infinity);
  }

  /** From when on a node's gradient is complete; never: Infinity. */
  gradAt(place) {
    return this.arrivals.get(this.node(place))?.at(-1).at ?? Infinity;
  }

  sentAt(consumer, slot) {
    return this.sent.get(`${consumer},${slot}`) ?? Infinity;
  }

  doneAt(place) {
    return this.done.get(place) ?? this.gradAt(place);
  }

  /** The terms of a node's gradient that have arrived by a position. */
  terms(place, position) {
    return (this.arrivals.get(this.node(place)) ?? []).filter(({ at }) => at <= position);
  }

  stopAfter(position) {
    return this.stops.find((stop) => stop > position) ?? this.length;
  }

  stopBefore(position) {
    return this.stops.findLast((stop) => stop < position) ?? 0;
  }

  array(place) {
    return place === null || place === undefined ? null : this.data.arrays[place];
  }

  value(place, position) {
    return this.madeAt(place) <= position ? this.array(this.data.nodes[place].value) : null;
  }

  /** A node's gradient as far as it is summed at a position; null: nothing has arrived. */
  grad(place, position) {
    const terms = this.terms(place, position);
    if (!terms.length) return null;
    if (this.gradAt(place) <= position) return this.array(this.data.nodes[place].grad);
    return summed(terms.map(({ moment }) => this.array(moment.step.array)));
  }

  /** The position behind a step, or behind what stands for it here: sending to the same node, else all its node's work. */
  positionOf(place) {
    const { kind, node, to } = this.data.steps[place];
    const phase = kind === "forward" || kind === "seed" ? kind : "backward";
    const owner = this.data.nodes[node].part_of ?? node;
    const last = (test) => this.moments.findLastIndex(test) + 1;
    const sends = (moment) => moment.owner === owner && moment.phase === "backward" && this.node(moment.step.to) === this.node(to);
    return last((moment) => moment.place === place) || (phase === "backward" && last(sends)) || this.endOf(owner, phase);
  }

  /** Where a node has done its work of a phase, in this run. */
  endOf(owner, phase) {
    const index = this.moments.findLastIndex((moment) => moment.owner === owner && moment.phase === phase);
    return index < 0 ? 0 : index + 1;
  }
}

/** Arrays added up in order; null where one of them is only summarised. */
export function summed(arrays) {
  if (arrays.some((array) => !array || !array.data)) return null;
  const data = arrays[0].data.map(toFloat);
  for (const array of arrays.slice(1)) array.data.forEach((n, k) => (data[k] += toFloat(n)));
  return { shape: arrays[0].shape, data };
}
